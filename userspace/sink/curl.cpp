// SPDX-License-Identifier: Apache-2.0
// POST by libcurl.
#include "sink/curl.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <utility>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/fd.h"

namespace whodid {

/// What is called of the library. It stays loaded: its own threads and atexit functions may be at work.
struct CurlLibrary {
    decltype(&::curl_global_init) global_init = nullptr;
    decltype(&::curl_version_info) version_info = nullptr;
    decltype(&::curl_easy_init) easy_init = nullptr;
    decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
    decltype(&::curl_easy_setopt) easy_setopt = nullptr;
    decltype(&::curl_easy_perform) easy_perform = nullptr;
    decltype(&::curl_easy_getinfo) easy_getinfo = nullptr;
    decltype(&::curl_easy_strerror) easy_strerror = nullptr;
    decltype(&::curl_slist_append) slist_append = nullptr;
    decltype(&::curl_slist_free_all) slist_free_all = nullptr;
};

/// What an answer consists of while it comes.
struct AnswerBeingRead {
    HttpAnswer answer;
    std::size_t header_bytes = 0;
    bool too_much = false;
    bool has_headers = false;  // to their end: a connection that is cut before is a success to libcurl
};

namespace {

template <class Function>
bool resolve_in_curl(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
    return function != nullptr;
}

Result<CurlLibrary> open_curl(const char* name) {
    constexpr auto kAdvice = "install the package libcurl4 (Debian, Ubuntu) or libcurl (Fedora, RHEL)";
    void* library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return Error{fmt::format("cannot load what sends over HTTP: {}; {}", ::dlerror(), kAdvice), ENOENT};
    CurlLibrary curl;
    if (!resolve_in_curl(library, "curl_global_init", curl.global_init) ||
        !resolve_in_curl(library, "curl_version_info", curl.version_info) ||
        !resolve_in_curl(library, "curl_easy_init", curl.easy_init) ||
        !resolve_in_curl(library, "curl_easy_cleanup", curl.easy_cleanup) ||
        !resolve_in_curl(library, "curl_easy_setopt", curl.easy_setopt) ||
        !resolve_in_curl(library, "curl_easy_perform", curl.easy_perform) ||
        !resolve_in_curl(library, "curl_easy_getinfo", curl.easy_getinfo) ||
        !resolve_in_curl(library, "curl_easy_strerror", curl.easy_strerror) ||
        !resolve_in_curl(library, "curl_slist_append", curl.slist_append) ||
        !resolve_in_curl(library, "curl_slist_free_all", curl.slist_free_all))
        return Error{
            fmt::format("cannot use {} to send over HTTP: it is no whole libcurl; {}", name, kAdvice),
            ENOSYS};
    if (const CURLcode code = curl.global_init(CURL_GLOBAL_DEFAULT); code != CURLE_OK)
        return Error{fmt::format("cannot start libcurl: {}", curl.easy_strerror(code)), EIO};
    return curl;
}

const Result<CurlLibrary>& curl_library() {
    static const Result<CurlLibrary> kLibrary = open_curl("libcurl.so.4");
    return kLibrary;
}

std::string_view without_blanks(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

/// libcurl gives header lines whole. A status line begins anew: what came before was of a 1xx answer.
std::size_t take_header(char* bytes, std::size_t, std::size_t size, void* being_read) {
    auto& read = *static_cast<AnswerBeingRead*>(being_read);
    read.header_bytes += size;
    read.too_much = read.header_bytes > kAnswerHeaderBytesMax;
    if (read.too_much) return 0;
    const std::string_view line(bytes, size);
    read.has_headers |= without_blanks(line).empty();
    if (line.starts_with("HTTP/")) {
        read.answer.headers.clear();
        read.has_headers = false;
        return size;
    }
    const std::size_t colon = line.find(':');
    if (colon == line.npos) return size;
    read.answer.headers.emplace_back(to_lower_ascii(without_blanks(line.substr(0, colon))),
                                     without_blanks(line.substr(colon + 1)));
    return size;
}

std::size_t take_body(char* bytes, std::size_t, std::size_t size, void* being_read) {
    auto& read = *static_cast<AnswerBeingRead*>(being_read);
    read.too_much = read.answer.body.size() + size > kAnswerBytesMax;
    if (read.too_much) return 0;
    read.answer.body.append(bytes, size);
    return size;
}

/// libcurl asks at least once a second.
int is_to_end(void* is_cancelled, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<const std::atomic<bool>*>(is_cancelled)->load(std::memory_order_relaxed) ? 1 : 0;
}

Result<void> check_readable(std::string_view what, const std::string& path) {
    if (path.empty()) return {};
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!file.valid()) return Error::from_errno(fmt::format("cannot read the {} {}", what, path));
    return {};
}

Result<void> check_files(const HttpSettings& settings) {
    if (settings.certificate_path.empty() != settings.key_path.empty())
        return Error{"a client's certificate and its key go together: give both or neither", EINVAL};
    if (auto ca = check_readable("certificate authorities", settings.ca_path); !ca) return ca;
    if (auto own = check_readable("client's certificate", settings.certificate_path); !own) return own;
    return check_readable("client's key", settings.key_path);
}

}  // namespace

struct HttpClient::Handle {
    const CurlLibrary& curl;
    CURL* easy;
    HttpSettings settings;
    char why[CURL_ERROR_SIZE] = {};
    std::atomic<bool> is_cancelled = false;

    Handle(const CurlLibrary& library, HttpSettings own)
        : curl(library), easy(library.easy_init()), settings(std::move(own)) {}
    ~Handle() { curl.easy_cleanup(easy); }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;

    template <class Value>
    bool set(CURLoption option, Value value) {
        return curl.easy_setopt(easy, option, value) == CURLE_OK;
    }
    bool set_path(CURLoption option, const std::string& path) {
        return path.empty() || set(option, path.c_str());
    }

    bool set_protocols();
    bool set_tls();
    bool set_version();
    void set_version_for(const std::string& url);
    Result<void> set_up();
    curl_slist* list_of(std::string_view content_type, const HttpHeaders& headers) const;
    std::string say_why(CURLcode code) const;
    void finish(AnswerBeingRead& being_read, CURLcode code) const;
};

// libcurl before 7.85 knows only the mask that replaced it in the next line; the headers call that
// deprecated.
bool HttpClient::Handle::set_protocols() {
    constexpr auto kProtocolsMask = static_cast<CURLoption>(CURLOPTTYPE_LONG + 181);
    return set(CURLOPT_PROTOCOLS_STR, "http,https") ||
           set(kProtocolsMask, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
}

bool HttpClient::Handle::set_tls() {
    bool ok = set(CURLOPT_SSL_VERIFYPEER, 1L) && set(CURLOPT_SSL_VERIFYHOST, 2L) &&
              set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2)) &&
              set_path(CURLOPT_SSLCERT, settings.certificate_path) &&
              set_path(CURLOPT_SSLKEY, settings.key_path);
    // Else OpenSSL would ask on the terminal for the passphrase of a key that has one.
    ok = ok && set(CURLOPT_KEYPASSWD, "");
    if (settings.ca_path.empty()) return ok;
    // Distributions build a directory in, which would be trusted besides.
    return ok && set_path(CURLOPT_CAINFO, settings.ca_path) &&
           set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
}

/// HTTP/2 depends on the URL: set_version_for().
bool HttpClient::Handle::set_version() {
    if (settings.http2) return true;
    // Decompresses answers; gRPC has compression of its own.
    return set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1)) &&
           set(CURLOPT_ACCEPT_ENCODING, "gzip");
}

/// Over TLS both ends agree on HTTP/2; over cleartext it is spoken at once.
void HttpClient::Handle::set_version_for(const std::string& url) {
    if (!settings.http2) return;
    const bool is_tls = to_lower_ascii(std::string_view(url).substr(0, 6)) == "https:";
    set(CURLOPT_HTTP_VERSION,
        static_cast<long>(is_tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE));
    // libcurl before 8.0 breaks the second request over a cleartext connection: curl issue 10634.
    const bool is_broken = curl.version_info(CURLVERSION_NOW)->version_num < 0x080000;
    set(CURLOPT_FORBID_REUSE, is_broken && !is_tls ? 1L : 0L);
}

Result<void> HttpClient::Handle::set_up() {
    if (!easy) return Error{"cannot make a handle of libcurl: out of memory", ENOMEM};
    const curl_version_info_data* version = curl.version_info(CURLVERSION_NOW);
    if (settings.http2 && !(version->features & CURL_VERSION_HTTP2))
        return Error{fmt::format("libcurl {} is built without HTTP/2, which gRPC needs: use the protocol "
                                 "http/protobuf",
                                 version->version),
                     EPROTONOSUPPORT};
    const auto timeout_ms = std::max<long>(static_cast<long>(settings.timeout_ns / 1'000'000), 1);
    const bool ok = set_protocols() && set_tls() && set_version() && set(CURLOPT_NOSIGNAL, 1L) &&
                    set(CURLOPT_FOLLOWLOCATION, 0L) && set(CURLOPT_PATH_AS_IS, 1L) &&
                    set(CURLOPT_TCP_KEEPALIVE, 1L) && set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) &&
                    set(CURLOPT_TIMEOUT_MS, timeout_ms) && set(CURLOPT_CONNECTTIMEOUT_MS, timeout_ms) &&
                    set(CURLOPT_ERRORBUFFER, static_cast<char*>(why)) &&
                    set(CURLOPT_USERAGENT, settings.user_agent.c_str()) &&
                    set_path(CURLOPT_PROXY, settings.proxy) && set(CURLOPT_HEADERFUNCTION, &take_header) &&
                    set(CURLOPT_WRITEFUNCTION, &take_body) && set(CURLOPT_NOPROGRESS, 0L) &&
                    set(CURLOPT_XFERINFOFUNCTION, &is_to_end) && set(CURLOPT_XFERINFODATA, &is_cancelled);
    if (!ok)
        return Error{fmt::format("libcurl {} refuses an option that a sender needs: install 7.62 or later, "
                                 "built with TLS",
                                 version->version),
                     ENOSYS};
    return {};
}

/// Without "Expect" libcurl would wait a second for leave to send a large body. A header without a value is
/// written with a semicolon there: with a colon it would take the header away.
curl_slist* HttpClient::Handle::list_of(std::string_view content_type, const HttpHeaders& headers) const {
    curl_slist* list = curl.slist_append(nullptr, "Expect:");
    list = curl.slist_append(list, fmt::format("Content-Type: {}", content_type).c_str());
    for (const auto& [name, value] : headers)
        list =
            curl.slist_append(list, fmt::format("{}{}{}", name, value.empty() ? ";" : ": ", value).c_str());
    return list;
}

/// libcurl's own words name hosts and ports; some quote a URL whole, with the user and password in it.
std::string HttpClient::Handle::say_why(CURLcode code) const {
    const std::string_view own(why);
    return own.empty() || own.find('@') != own.npos ? curl.easy_strerror(code) : escape_for_terminal(own);
}

/// Says of an answer what it is, now that nothing more of it comes.
void HttpClient::Handle::finish(AnswerBeingRead& being_read, CURLcode code) const {
    HttpAnswer& answer = being_read.answer;
    long status = 0;
    curl.easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    answer.status = static_cast<int>(status);
    if (code != CURLE_OK) answer.why = say_why(code);
    answer.is_late = code == CURLE_OPERATION_TIMEDOUT;
    if (being_read.too_much) {
        answer.what = HttpAnswer::What::kTooMuch;
    } else if (!being_read.has_headers) {
        if (answer.why.empty()) answer.why = "the connection ended within the headers";
    } else if (code == CURLE_OK || code == CURLE_BAD_CONTENT_ENCODING) {
        answer.what = HttpAnswer::What::kWhole;
        if (code != CURLE_OK) answer.body.clear();
    }
}

Result<void> load_curl(const char* library) {
    if (auto curl = open_curl(library); !curl) return curl.error();
    return {};
}

HttpClient::HttpClient(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
HttpClient::~HttpClient() = default;

void HttpClient::cancel() { handle_->is_cancelled = true; }

Result<std::unique_ptr<HttpClient>> HttpClient::make(HttpSettings settings) {
    const Result<CurlLibrary>& curl = curl_library();
    if (!curl) return curl.error();
    if (auto files = check_files(settings); !files) return files.error();
    auto handle = std::make_unique<Handle>(*curl, std::move(settings));
    if (auto up = handle->set_up(); !up) return up.error();
    return std::unique_ptr<HttpClient>(new HttpClient(std::move(handle)));
}

HttpAnswer HttpClient::post(const std::string& url, std::string_view content_type, std::string_view body,
                            const HttpHeaders& headers) {
    Handle& handle = *handle_;
    AnswerBeingRead being_read;
    curl_slist* list = handle.list_of(content_type, headers);
    handle.set_version_for(url);
    handle.set(CURLOPT_URL, url.c_str());
    handle.set(CURLOPT_POST, 1L);
    handle.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    handle.set(CURLOPT_POSTFIELDS, body.data());
    handle.set(CURLOPT_HTTPHEADER, list);
    handle.set(CURLOPT_HEADERDATA, &being_read);
    handle.set(CURLOPT_WRITEDATA, &being_read);
    handle.why[0] = '\0';
    const CURLcode code = handle.curl.easy_perform(handle.easy);
    handle.set(CURLOPT_HTTPHEADER, static_cast<curl_slist*>(nullptr));
    handle.curl.slist_free_all(list);
    handle.finish(being_read, code);
    return std::move(being_read.answer);
}

}  // namespace whodid
