#include "lease/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <sstream>
#include <unordered_map>
#include <unordered_set>

namespace grid::lease {
namespace {

std::string place(std::size_t line, std::size_t column) {
    return "line " + std::to_string(line) + ", column " + std::to_string(column) + ": ";
}

/// A bound or rule of ours that the text breaks. Stays inside this file.
struct Refused {
    std::string message;
};

/// Bytes that no YAML stream in UTF-8 has: control characters, malformed UTF-8. Also keeps yaml-cpp from
/// guessing UTF-16.
Result<void> check_characters(std::string_view text) {
    std::size_t line = 1, column = 1;
    for (std::size_t i = 0; i < text.size(); ++column) {
        const auto byte = static_cast<std::uint8_t>(text[i]);
        const std::size_t length = byte < 0x80                   ? 1
                                   : byte >= 0xc2 && byte < 0xe0 ? 2
                                   : byte >= 0xe0 && byte < 0xf0 ? 3
                                   : byte >= 0xf0 && byte < 0xf5 ? 4
                                                                 : 0;
        bool good = length != 0 && i + length <= text.size();
        for (std::size_t k = 1; good && k < length; ++k)
            good = (static_cast<std::uint8_t>(text[i + k]) & 0xc0) == 0x80;
        if (good && length > 2) {
            // Longer than need be, a surrogate, or beyond U+10FFFF (Unicode, table 3-7).
            const auto second = static_cast<std::uint8_t>(text[i + 1]);
            good = second >= (byte == 0xe0   ? 0xa0
                              : byte == 0xf0 ? 0x90
                                             : 0x80) &&
                   second <= (byte == 0xed   ? 0x9f
                              : byte == 0xf4 ? 0x8f
                                             : 0xbf);
        }
        if (!good) return fail("bad_manifest", place(line, column) + "expected text in UTF-8");
        if (byte == 0x7f || (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r'))
            return fail("bad_manifest", place(line, column) + "a control character is not allowed");
        i += length;
        if (byte == '\n') {
            ++line;
            column = 0;
        }
    }
    return {};
}

/// Builds the tree from the events of one document.
class TreeBuilder : public YAML::EventHandler {
public:
    explicit TreeBuilder(const YamlLimits& limits) : limits_(limits) {}

    /// The document that was read; a null node when it was empty.
    YamlNode take() {
        anchors_.clear();
        return std::move(root_);
    }

    void OnDocumentStart(const YAML::Mark&) override { root_ = {}; }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        put(made(mark, YamlNode::Kind::null), anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto named = anchors_.find(anchor);
        if (named == anchors_.end()) throw Refused{at(mark) + "an alias inside of what it names"};
        charge(named->second, mark);
        put(named->second, 0);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        YamlNode node = made(mark, YamlNode::Kind::scalar);
        node.quoted =
            check_tag(tag, mark, "?|!|str|int|float|bool|null") && (tag == "!" || tag.ends_with(":str"));
        if (value.find('\0') != std::string::npos) throw Refused{at(mark) + "a NUL character is not allowed"};
        node.text = value;
        charge_text(value.size(), mark);
        put(std::move(node), anchor);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        check_tag(tag, mark, "?|!|seq");
        open(made(mark, YamlNode::Kind::sequence), anchor, mark);
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        check_tag(tag, mark, "?|!|map");
        open(made(mark, YamlNode::Kind::mapping), anchor, mark);
    }
    void OnMapEnd() override { close(); }

private:
    /// A sequence or mapping that is still being read.
    struct Frame {
        YamlNode node;
        YAML::anchor_t anchor = 0;
        std::unordered_set<std::string> keys;
        bool key_read = false;  ///< mapping: the next node is the value of the last key
    };

    static std::string at(const YAML::Mark& mark) {
        return place(static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column) + 1);
    }

    YamlNode made(const YAML::Mark& mark, YamlNode::Kind kind) {
        charge_nodes(1, mark);
        YamlNode node;
        node.kind = kind;
        node.line = static_cast<std::uint32_t>(mark.line) + 1;
        node.column = static_cast<std::uint32_t>(mark.column) + 1;
        return node;
    }

    bool check_tag(const std::string& tag, const YAML::Mark& mark, std::string_view known) {
        constexpr std::string_view kStandard = "tag:yaml.org,2002:";
        std::string_view name = tag;
        if (name.starts_with(kStandard)) name.remove_prefix(kStandard.size());
        while (!name.empty() && !known.empty()) {
            const auto end = std::min(known.find('|'), known.size());
            if (known.substr(0, end) == name) return true;
            known.remove_prefix(std::min(end + 1, known.size()));
        }
        if (!name.empty())
            throw Refused{at(mark) + "the tag " + tag.substr(0, 64) + " is not supported here"};
        return true;
    }

    void charge_nodes(std::size_t count, const YAML::Mark& mark) {
        nodes_ += count;
        if (nodes_ > limits_.nodes)
            throw Refused{at(mark) + "more than " + std::to_string(limits_.nodes) +
                          " values, aliases included"};
    }
    void charge_text(std::size_t bytes, const YAML::Mark& mark) {
        text_bytes_ += bytes;
        if (text_bytes_ > limits_.text_bytes)
            throw Refused{at(mark) + "more than " + std::to_string(limits_.text_bytes) +
                          " bytes of text, aliases included"};
    }
    /// Counts a copy before it is made.
    void charge(const YamlNode& node, const YAML::Mark& mark) {
        charge_nodes(1, mark);
        charge_text(node.text.size(), mark);
        for (const std::string& key : node.keys) charge_text(key.size(), mark);
        for (const YamlNode& item : node.items) charge(item, mark);
    }

    void open(YamlNode node, YAML::anchor_t anchor, const YAML::Mark& mark) {
        if (frames_.size() >= limits_.depth)
            throw Refused{at(mark) + "nested deeper than " + std::to_string(limits_.depth) + " levels"};
        if (expects_key()) throw Refused{at(mark) + "a key must be a string"};
        frames_.push_back({std::move(node), anchor, {}, false});
    }

    void close() {
        Frame frame = std::move(frames_.back());
        frames_.pop_back();
        put(std::move(frame.node), frame.anchor);
    }

    bool expects_key() const {
        return !frames_.empty() && frames_.back().node.kind == YamlNode::Kind::mapping &&
               !frames_.back().key_read;
    }

    /// A finished node goes into the collection that is being read.
    void put(YamlNode node, YAML::anchor_t anchor) {
        if (anchor != 0) {
            YAML::Mark mark;
            mark.line = static_cast<int>(node.line) - 1;
            mark.column = static_cast<int>(node.column) - 1;
            charge(node, mark);
            anchors_.insert_or_assign(anchor, node);
        }
        if (frames_.empty()) {
            root_ = std::move(node);
            return;
        }
        Frame& frame = frames_.back();
        if (!expects_key()) {
            frame.node.items.push_back(std::move(node));
            frame.key_read = false;
            return;
        }
        const std::string where = place(node.line, node.column);
        if (node.kind != YamlNode::Kind::scalar) throw Refused{where + "a key must be a string"};
        if (!frame.keys.insert(node.text).second)
            throw Refused{where + "the key \"" + node.text.substr(0, 64) + "\" stands here twice"};
        frame.node.keys.push_back(std::move(node.text));
        frame.key_read = true;
    }

    const YamlLimits& limits_;
    YamlNode root_;
    std::vector<Frame> frames_;
    std::unordered_map<YAML::anchor_t, YamlNode> anchors_;
    std::size_t nodes_ = 0;
    std::size_t text_bytes_ = 0;
};

/// A syntax error with its place; and the usual cause, when the line shows it.
Error syntax_error(std::string_view text, const YAML::Exception& problem) {
    if (problem.mark.is_null()) return {"bad_manifest", "not YAML: " + problem.msg};
    const auto number = static_cast<std::size_t>(problem.mark.line);
    Error error{"bad_manifest",
                place(number + 1, static_cast<std::size_t>(problem.mark.column) + 1) + problem.msg};
    for (std::size_t i = 0; i < number && text.find('\n') != std::string_view::npos; ++i)
        text.remove_prefix(text.find('\n') + 1);
    const std::string_view indentation = text.substr(0, text.find_first_not_of(" \t"));
    if (indentation.find('\t') != std::string_view::npos)
        error.message += " (the line is indented with a tab; YAML wants spaces)";
    return error;
}

std::vector<YamlNode> read_documents(std::string_view text, const YamlLimits& limits) {
    // The end of the document is spelled out: yaml-cpp takes the end of the input for a closing quote.
    std::istringstream stream(std::string(text) + (text.ends_with('\n') ? "...\n" : "\n...\n"));
    YAML::Parser parser(stream);
    TreeBuilder builder(limits);
    std::vector<YamlNode> documents;
    for (std::size_t read = 0; parser.HandleNextDocument(builder); ++read) {
        if (read == limits.documents)
            throw Refused{"more than " + std::to_string(limits.documents) + " documents"};
        YamlNode document = builder.take();
        if (document.kind != YamlNode::Kind::null) documents.push_back(std::move(document));
    }
    return documents;
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const noexcept {
    const auto found = std::find(keys.begin(), keys.end(), key);
    if (found == keys.end()) return nullptr;
    const YamlNode& value = items[static_cast<std::size_t>(found - keys.begin())];
    return value.kind == Kind::null ? nullptr : &value;
}

Result<std::vector<YamlNode>> parse_yaml(std::string_view text, const YamlLimits& limits) {
    if (text.size() > limits.bytes)
        return fail("bad_manifest", "expected at most " + std::to_string(limits.bytes) +
                                        " bytes of YAML, came " + std::to_string(text.size()));
    if (auto ok = check_characters(text); !ok) return tl::unexpected(ok.error());
    try {
        return read_documents(text, limits);
    } catch (const Refused& refused) {
        return fail("bad_manifest", refused.message);
    } catch (const YAML::Exception& problem) {
        return tl::unexpected(syntax_error(text, problem));
    } catch (const std::exception& problem) {
        return fail("bad_manifest", std::string("not YAML: ") + problem.what());
    }
}

}  // namespace grid::lease
