// SPDX-License-Identifier: Apache-2.0
// ScriptedServer: an HTTP/1.1 server on the loopback that answers each request with the next bytes of a
// script.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/fd.h"

namespace whodid::test {

/// What is written for one request, and what happens to the connection then.
struct Reply {
    enum class Then { kKeep, kClose, kStall };  // kStall: nothing more, until the client goes
    std::string bytes;
    Then then = Then::kKeep;
};

/// A whole answer: "200 OK", headers each with CRLF, and a body of which it tells the length.
inline Reply answer(std::string_view status, std::string_view headers, std::string_view body) {
    std::string bytes = "HTTP/1.1 ";
    bytes.append(status).append("\r\n").append(headers);
    bytes.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
    return {bytes, Reply::Then::kKeep};
}

/// A port of the loopback. As long as nobody listens on the socket, connections are refused.
struct LoopbackPort {
    Fd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    int number = 0;

    LoopbackPort() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(::bind(socket.get(), generic, size), 0);
        EXPECT_EQ(::getsockname(socket.get(), generic, &size), 0);
        number = ntohs(address.sin_port);
    }
    std::string url(std::string_view path) const {
        return "http://127.0.0.1:" + std::to_string(number) + std::string(path);
    }
};

class ScriptedServer {
public:
    struct Request {
        std::string head, body;
        int connection = 0;  // the how manieth

        /// The value of a header, named in lower case; empty when there is none.
        std::string header(std::string_view name) const {
            std::string_view rest = head;
            while (!rest.empty()) {
                const std::string_view line = rest.substr(0, rest.find("\r\n"));
                rest.remove_prefix(std::min(line.size() + 2, rest.size()));
                const std::size_t colon = line.find(": ");
                if (colon != line.npos && equals_lower_ascii(line.substr(0, colon), name))
                    return std::string(line.substr(colon + 2));
            }
            return "";
        }
    };

    /// The last reply is given again when the script is at its end.
    explicit ScriptedServer(std::vector<Reply> script) : script_(std::move(script)) {
        EXPECT_EQ(::listen(port_.socket.get(), 8), 0);
        thread_ = std::thread([this] { serve(); });
    }
    ~ScriptedServer() {
        ::eventfd_write(stop_.get(), 1);
        thread_.join();
    }
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    int port() const { return port_.number; }
    std::string url(std::string_view path) const { return port_.url(path); }
    std::vector<Request> requests() const {
        const std::lock_guard lock(mutex_);
        return requests_;
    }

private:
    /// False: it is to stop.
    bool wait_for_input(int fd) const {
        pollfd both[] = {{fd, POLLIN, 0}, {stop_.get(), POLLIN, 0}};
        while (::poll(both, 2, -1) < 0 && errno == EINTR) {
        }
        return both[1].revents == 0;
    }

    void serve() {
        for (int connection = 1; wait_for_input(port_.socket.get()); ++connection) {
            const Fd client(::accept4(port_.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
            std::string received;
            while (read_request(client.get(), received, connection) && reply(client.get())) {
            }
        }
    }

    bool read_some(int fd, std::string& received) const {
        char bytes[65536];
        const ssize_t n = wait_for_input(fd) ? ::read(fd, bytes, sizeof bytes) : 0;
        if (n > 0) received.append(bytes, static_cast<std::size_t>(n));
        return n > 0;
    }

    /// False: the client has gone, or it is to stop.
    bool read_request(int fd, std::string& received, int connection) {
        while (received.find("\r\n\r\n") == received.npos)
            if (!read_some(fd, received)) return false;
        const std::size_t head_size = received.find("\r\n\r\n") + 4;
        Request request{received.substr(0, head_size), "", connection};
        const std::string length = request.header("content-length");
        std::size_t body_size = 0;
        std::from_chars(length.data(), length.data() + length.size(), body_size);
        while (received.size() < head_size + body_size)
            if (!read_some(fd, received)) return false;
        request.body = received.substr(head_size, body_size);
        received.erase(0, head_size + body_size);
        const std::lock_guard lock(mutex_);
        requests_.push_back(std::move(request));
        return true;
    }

    /// False: the connection is over.
    bool reply(int fd) {
        const Reply& next = script_[std::min(replied_++, script_.size() - 1)];
        std::string_view left = next.bytes;
        while (!left.empty()) {
            const ssize_t n = ::send(fd, left.data(), left.size(), MSG_NOSIGNAL);
            if (n <= 0) return false;
            left.remove_prefix(static_cast<std::size_t>(n));
        }
        std::string ignored;
        while (next.then == Reply::Then::kStall && read_some(fd, ignored)) {
        }
        return next.then == Reply::Then::kKeep;
    }

    const std::vector<Reply> script_;
    std::size_t replied_ = 0;
    const LoopbackPort port_;
    const Fd stop_{::eventfd(0, EFD_CLOEXEC)};
    mutable std::mutex mutex_;
    std::vector<Request> requests_;
    std::thread thread_;
};

}  // namespace whodid::test
