// SPDX-License-Identifier: Apache-2.0
// YAML as a tree.
#include "app/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <utility>

#include "base/escape.h"

namespace whodid {

namespace {

/// Thrown through the parser: it knows no other way to be stopped.
struct YamlFault {
    Place at;
    std::string message;
};

Place place_of(const YAML::Mark& mark) {
    return {static_cast<std::size_t>(std::max(mark.line, 0)) + 1,
            static_cast<std::size_t>(std::max(mark.column, 0)) + 1};
}

/// Builds the tree as the parser goes along.
class TreeBuilder : public YAML::EventHandler {
public:
    YamlNode take() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1) throw YamlFault{place_of(mark), "a second document: one file is one document"};
    }
    void OnDocumentEnd() override {}
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_anchor(mark); }
    void OnAnchor(const YAML::Mark& mark, const std::string&) override { refuse_anchor(mark); }

    void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
        if (wants_key()) throw YamlFault{place_of(mark), "a key without a name"};
        YamlNode node;
        node.at = mark.is_null() ? pending_key_at() : place_of(mark);
        add(std::move(node));
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  const std::string& value) override {
        refuse_tag(mark, tag);
        if (wants_key()) return take_key(mark, value);
        YamlNode node;
        node.sort = YamlNode::Sort::kText;
        node.at = place_of(mark);
        node.text = value;
        add(std::move(node));
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {
        open(mark, tag, YamlNode::Sort::kList);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                    YAML::EmitterStyle::value) override {
        open(mark, tag, YamlNode::Sort::kMap);
    }
    void OnMapEnd() override { close(); }

private:
    /// A list or map that has not ended yet.
    struct Level {
        YamlNode node;
        std::set<std::string> keys;
        std::string key;  // whose value comes next
        Place key_at;
        bool has_key = false;
    };

    [[noreturn]] static void refuse_anchor(const YAML::Mark& mark) {
        throw YamlFault{place_of(mark), "anchors (&) and aliases (*) are not taken: write it out"};
    }
    static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
        if (tag.size() > 1)
            throw YamlFault{place_of(mark), "tags (!) are not taken; text with a ! in front needs quotes"};
    }

    bool wants_key() const {
        return !levels_.empty() && levels_.back().node.sort == YamlNode::Sort::kMap &&
               !levels_.back().has_key;
    }
    Place pending_key_at() const { return levels_.empty() ? Place{} : levels_.back().key_at; }

    void take_key(const YAML::Mark& mark, const std::string& key) {
        Level& level = levels_.back();
        if (!level.keys.insert(key).second)
            throw YamlFault{place_of(mark), quote_for_terminal(key) + " is given twice: leave one of them"};
        level.key = key;
        level.key_at = place_of(mark);
        level.has_key = true;
    }

    void open(const YAML::Mark& mark, const std::string& tag, YamlNode::Sort sort) {
        refuse_tag(mark, tag);
        if (wants_key()) throw YamlFault{place_of(mark), "a key has to be text"};
        if (levels_.size() == kYamlDepthMax)
            throw YamlFault{place_of(mark), fmt::format("nested deeper than {} levels", kYamlDepthMax)};
        Level level;
        level.node.sort = sort;
        level.node.at = place_of(mark);
        levels_.push_back(std::move(level));
    }
    void close() {
        YamlNode node = std::move(levels_.back().node);
        levels_.pop_back();
        add(std::move(node));
    }

    void add(YamlNode node) {
        if (++nodes_ > kYamlNodesMax)
            throw YamlFault{node.at, fmt::format("more than {} values", kYamlNodesMax)};
        if (levels_.empty()) {
            root_ = std::move(node);
            return;
        }
        Level& level = levels_.back();
        node.key = std::exchange(level.key, {});
        node.key_at = level.key_at;
        level.has_key = false;
        level.node.items.push_back(std::move(node));
    }

    YamlNode root_;
    std::vector<Level> levels_;
    std::size_t nodes_ = 0, documents_ = 0;
};

/// The place of the byte at `at`.
Place place_in(std::string_view text, std::size_t at) {
    const std::string_view before = text.substr(0, at);
    const auto lines = static_cast<std::size_t>(std::ranges::count(before, '\n'));
    return {lines + 1, at - (before.rfind('\n') + 1) + 1};  // npos + 1 is 0
}

bool is_stray_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n' && c != '\r' && c != '\t') || byte == 0x7f;
}

/// The first line that is not UTF-8; its lines are looked at one by one, for no character goes over their
/// ends.
Place place_of_ill_formed(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        if (!valid_utf8(text.substr(at, end - at))) break;
        at = end + 1;
    }
    return place_in(text, std::min(at, text.size()));
}

void check_bytes(std::string_view text) {
    if (text.size() > kYamlBytesMax)
        throw YamlFault{{}, fmt::format("more than {} bytes: no configuration", kYamlBytesMax)};
    if (!valid_utf8(text)) throw YamlFault{place_of_ill_formed(text), "this line is not UTF-8"};
    const auto stray = std::ranges::find_if(text, is_stray_control);
    if (stray != text.end())
        throw YamlFault{place_in(text, static_cast<std::size_t>(stray - text.begin())),
                        fmt::format("a control character (0x{:02x})", static_cast<unsigned char>(*stray))};
}

YamlNode parse_document(std::string_view text) {
    check_bytes(text);
    // The parser takes the end of the text for the end of a quote; it does not take the end of a document so.
    std::istringstream stream(fmt::format("{}{}...\n", text, text.ends_with('\n') ? "" : "\n"));
    YAML::Parser parser(stream);
    TreeBuilder builder;
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.take();
}

/// Words that some reader of YAML takes for something else than text.
bool is_yaml_word(std::string_view text) {
    constexpr std::string_view kWords[] = {"~", "null", "Null", "NULL"};
    return std::ranges::find(kWords, text) != std::end(kWords);
}

bool is_plain(std::string_view text) {
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+%:=@-";
    if (text.empty() || is_yaml_word(text) || text.find_first_not_of(kPlain) != text.npos) return false;
    constexpr std::string_view kIndicators = "-%@:=";  // that begin something else than text
    return kIndicators.find(text.front()) == text.npos && text.back() != ':';
}

}  // namespace

Result<YamlNode> parse_yaml(std::string_view text, std::string_view name) {
    const auto fault = [&](Place at, const std::string& message) {
        return Error{fmt::format("{}:{}:{}: {}", escape_for_terminal(name), at.line, at.column, message),
                     EINVAL};
    };
    try {
        return parse_document(text);
    } catch (const YamlFault& found) {
        return fault(found.at, found.message);
    } catch (const YAML::Exception& found) {
        const bool is_open = found.msg == YAML::ErrorMsg::DOC_IN_SCALAR;
        return fault(place_of(found.mark), is_open ? "no YAML: a quote before this is not closed"
                                                   : "no YAML: " + escape_for_terminal(found.msg));
    }
}

std::string yaml_text(std::string_view text) {
    if (is_plain(text)) return std::string(text);
    std::string out = "\"";
    for (const char c : escape_for_terminal(text)) {  // whose escapes are YAML's too
        if (c == '"') out += '\\';
        out += c;
    }
    return out + "\"";
}

}  // namespace whodid
