#include "chain/revert.hpp"

#include <algorithm>
#include <array>

#include "chain/contracts/errors.hpp"

namespace grid::chain {

namespace {

constexpr std::string_view kErrorString = "Error(string)";
constexpr std::string_view kPanic = "Panic(uint256)";

bool starts_with_selector(ByteView data, std::string_view signature) {
    const abi::Selector selector = abi::selector(signature);
    return data.size() >= selector.size() && std::equal(selector.begin(), selector.end(), data.begin());
}

const errors::ErrorType* find(ByteView data) {
    const auto all = errors::all();
    const auto found = std::find_if(all.begin(), all.end(), [&](const errors::ErrorType& error) {
        return starts_with_selector(data, error.signature);
    });
    return found == all.end() ? nullptr : &*found;
}

std::string name_of(const errors::ErrorType& error) {
    return std::string(error.signature.substr(0, error.signature.find('(')));
}

/// Texts come from a contract that others may have written: only printable ASCII is shown.
std::string printable(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return text;
}

std::string argument(abi::Decoder& in, std::string_view type) {
    if (type == "address") return in.address().checksummed();
    if (type == "bytes32") return in.hash().hex();
    if (type == "string") return '"' + printable(in.text()) + '"';
    return in.uint().decimal();
}

std::string describe(const errors::ErrorType& error, ByteView arguments) {
    abi::Decoder in(arguments);
    std::string out = name_of(error) + '(';
    std::string_view types = error.signature.substr(error.signature.find('(') + 1);
    types.remove_suffix(1);
    for (std::size_t i = 0; !types.empty(); ++i) {
        const std::size_t comma = std::min(types.find(','), types.size());
        if (i > 0) out += ", ";
        out += std::string(error.names[i]) + '=' + argument(in, types.substr(0, comma));
        types.remove_prefix(std::min(comma + 1, types.size()));
    }
    return in.bad() ? std::string{} : out + ')';
}

/// Solidity's panic codes (its documentation, "Panic via assert and Error via require").
std::string describe_panic(const Amount& code) {
    struct Known {
        std::uint64_t code;
        std::string_view meaning;
    };
    static constexpr std::array kKnown{
        Known{0x01, "an assertion failed"},   Known{0x11, "arithmetic overflow"},
        Known{0x12, "division by zero"},      Known{0x21, "bad enumeration value"},
        Known{0x31, "pop of an empty array"}, Known{0x32, "index out of bounds"},
        Known{0x41, "too much memory"}};
    const auto found =
        std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& k) { return code == Amount{k.code}; });
    std::string text = "Panic(" + code.quantity() + ')';
    if (found != kKnown.end()) text += ": " + std::string(found->meaning);
    return text;
}

}  // namespace

std::string describe_revert(ByteView data) {
    if (data.empty())
        return "reverted without a reason: malformed calldata, an unknown function, or a value that was sent "
               "along";
    std::string text;
    if (const errors::ErrorType* error = find(data)) {
        text = describe(*error, data.subspan(4));
    } else if (starts_with_selector(data, kErrorString)) {
        abi::Decoder in(data.subspan(4));
        const std::string reason = in.text();
        if (!in.bad()) text = "reverted: " + printable(reason);
    } else if (starts_with_selector(data, kPanic)) {
        abi::Decoder in(data.subspan(4));
        const Amount code = in.uint();
        if (!in.bad()) text = describe_panic(code);
    }
    return text.empty() ? "reverted with unknown data " + to_hex(data) : text;
}

std::string revert_name(ByteView data) {
    if (const errors::ErrorType* error = find(data)) return name_of(*error);
    if (starts_with_selector(data, kErrorString)) return "Error";
    if (starts_with_selector(data, kPanic)) return "Panic";
    return {};
}

}  // namespace grid::chain
