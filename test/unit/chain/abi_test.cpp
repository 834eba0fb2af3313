#include "chain/abi.hpp"

#include <catch2/catch.hpp>

#include "chain/keccak.hpp"
#include "unit/chain/vectors.hpp"

using namespace grid::chain;
using namespace grid::chain::test;

namespace {

std::string word(const std::string& low_digits) {
    return std::string(64 - low_digits.size(), '0') + low_digits;
}

Bytes words(std::initializer_list<std::string> low_digits) {
    std::string text = "0x";
    for (const std::string& digits : low_digits) text += word(digits);
    return unhex(text);
}

const std::string kOnes(64, 'f');

}  // namespace

TEST_CASE("ABI: selectors are those of Solidity") {
    CHECK(to_hex(abi::selector("transfer(address,uint256)")) == "0xa9059cbb");
    CHECK(to_hex(abi::selector("balanceOf(address)")) == "0x70a08231");
    CHECK(to_hex(abi::selector("Error(string)")) == "0x08c379a0");
    CHECK(to_hex(abi::selector("Panic(uint256)")) == "0x4e487b71");
}

TEST_CASE("ABI: the examples of the Solidity specification") {
    // sam("dave", true, [1, 2, 3])
    const Bytes list = abi::Encoder().uint(3).uint(1).uint(2).uint(3).take();
    const Bytes sam = abi::Encoder().text("dave").boolean(true).dynamic(list).take(
        abi::selector("sam(bytes,bool,uint256[])"));
    CHECK(to_hex(sam) == "0xa5643bf2" + word("60") + word("1") + word("a0") + word("4") +
                             "6461766500000000000000000000000000000000000000000000000000000000" + word("3") +
                             word("1") + word("2") + word("3"));

    abi::Decoder in(ByteView(sam).subspan(4));
    CHECK(in.text() == "dave");
    CHECK(in.boolean());
    std::size_t length = 0;
    abi::Decoder items = in.array(length, 10);
    REQUIRE(length == 3);
    for (unsigned i = 1; i <= 3; ++i) CHECK(items.u64() == i);
    CHECK_FALSE(in.bad());
    CHECK_FALSE(items.bad());
}

TEST_CASE("ABI: an array of dynamic tuples is encoded and decoded") {
    // f((uint256 id, string name)[]) with [(1, "one"), (2, 40 letters)]
    const std::string name(40, 'x');
    const Bytes first = abi::Encoder().uint(1).text("one").take();
    const Bytes second = abi::Encoder().uint(2).text(name).take();
    Bytes array = abi::Encoder().uint(2).take();
    const Bytes elements = abi::Encoder().dynamic(first).dynamic(second).take();
    array.insert(array.end(), elements.begin(), elements.end());
    const Bytes data = abi::Encoder().dynamic(array).take();

    abi::Decoder in(data);
    std::size_t length = 0;
    abi::Decoder items = in.array(length, 2);
    REQUIRE(length == 2);
    abi::Decoder one = items.dynamic();
    CHECK(one.u64() == 1);
    CHECK(one.text() == "one");
    abi::Decoder two = items.dynamic();
    CHECK(two.u64() == 2);
    CHECK(two.text() == name);
    for (const auto* d : {&in, &items, &one, &two}) CHECK_FALSE(d->bad());
}

TEST_CASE("ABI: bytes of every length around a word are padded to whole words") {
    for (std::size_t size = 0; size <= 65; ++size) {
        const Bytes data(size, 0xab);
        const Bytes encoded = abi::Encoder().bytes(data).uint(5).take();
        CHECK(encoded.size() == 96 + (size + 31) / 32 * 32);
        abi::Decoder in(encoded);
        const ByteView read = in.bytes();
        CHECK(Bytes(read.begin(), read.end()) == data);
        CHECK(in.u64() == 5);
        CHECK_FALSE(in.bad());
    }
}

TEST_CASE("ABI: words that do not fit their type make the decoder bad") {
    const auto bad = [](const Bytes& data, auto read) {
        abi::Decoder in(data);
        read(in);
        return in.bad();
    };
    const auto boolean = [](abi::Decoder& d) { return d.boolean(); };
    const auto address = [](abi::Decoder& d) { return d.address(); };
    const auto u64 = [](abi::Decoder& d) { return d.u64(); };
    CHECK_FALSE(bad(words({"1"}), boolean));
    CHECK(bad(words({"2"}), boolean));
    CHECK(bad(words({kOnes}), boolean));
    CHECK_FALSE(bad(words({std::string(40, 'f')}), address));
    CHECK(bad(words({"1" + std::string(40, '0')}), address));
    CHECK(bad(words({kOnes}), address));
    CHECK_FALSE(bad(words({"ffffffffffffffff"}), u64));
    CHECK(bad(words({"10000000000000000"}), u64));
    CHECK(bad(words({"10000"}), [](abi::Decoder& d) { return d.uint(16); }));
    CHECK_FALSE(bad(words({"ffff"}), [](abi::Decoder& d) { return d.uint(16); }));
    CHECK_FALSE(bad(words({kOnes}), [](abi::Decoder& d) { return d.uint(); }));
    CHECK(bad(Bytes(31), [](abi::Decoder& d) { return d.word(); }));
    CHECK(bad({}, [](abi::Decoder& d) { return d.word(); }));
}

TEST_CASE("ABI: a bad decoder stays bad and gives zero values") {
    const Bytes data = words({"2", "1", "1"});
    abi::Decoder in(data);
    CHECK_FALSE(in.boolean());
    REQUIRE(in.bad());
    CHECK(in.word() == Hash{});
    CHECK(in.uint().is_zero());
    CHECK_FALSE(in.boolean());
    CHECK(in.text().empty());
    std::size_t length = 7;
    CHECK(in.array(length, 10).bad());
    CHECK(length == 0);
    CHECK(in.dynamic().bad());
    CHECK(in.bad());
}

TEST_CASE("ABI: offsets and lengths outside the data are malformed, however large") {
    const std::string near_top = "ffffffffffffffe0";  // 2^64 - 32: wraps when a word is added in 64 bits
    for (const std::string& offset :
         {std::string("21"), std::string("40"), std::string("41"), std::string("60"),
          std::string("8000000000000000"), near_top, std::string("ffffffffffffffff"),
          std::string("10000000000000020"), kOnes}) {
        INFO(offset);
        const Bytes data = words({offset, "0"});
        abi::Decoder bytes(data);
        bytes.bytes();
        CHECK(bytes.bad());
        abi::Decoder array(data);
        std::size_t length = 0;
        const bool nested_bad = array.array(length, 1000).bad();
        CHECK((array.bad() && nested_bad && length == 0));
    }
    for (const std::string& size :
         {std::string("21"), std::string("8000000000000000"), near_top, std::string("ffffffffffffffff"),
          std::string("10000000000000001"), kOnes}) {
        INFO(size);
        const Bytes data = words({"20", size, "0"});
        abi::Decoder bytes(data);
        CHECK(bytes.bytes().empty());
        CHECK(bytes.bad());
        abi::Decoder array(data);
        std::size_t length = 0;
        array.array(length, ~std::size_t{0});
        CHECK(array.bad());
        CHECK(length == 0);
    }
}

TEST_CASE("ABI: an array longer than the caller allows is malformed") {
    const Bytes data = words({"20", "3", "1", "2", "3"});
    std::size_t length = 0;
    abi::Decoder allowed(data);
    CHECK_FALSE(allowed.array(length, 3).bad());
    CHECK(length == 3);
    abi::Decoder refused(data);
    CHECK(refused.array(length, 2).bad());
    CHECK(refused.bad());
    CHECK(length == 0);
}

TEST_CASE("ABI: every truncation of valid calldata is noticed") {
    const Bytes whole = abi::Encoder().address({}).text(std::string(32, 'x')).uint(9).take();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        abi::Decoder in(ByteView(whole).first(size));
        in.address();
        in.text();
        in.uint();
        INFO(size);
        CHECK(in.bad());
    }
}
