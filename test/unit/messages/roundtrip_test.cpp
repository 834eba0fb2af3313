// Every type that actors send is written and read back equal, and its inspector forgets no field.
#include <catch2/catch.hpp>
#include <concepts>
#include <set>

#include "messages/error.hpp"
#include "messages/lease.hpp"

using namespace grid;

namespace {

/// Converts to anything: counts the fields of an aggregate by how many of it its braces take.
struct Anything {
    template <class T>
    operator T() const;  // NOLINT(google-explicit-constructor)
};

template <class T, class... Fields>
constexpr std::size_t count_fields() {
    if constexpr (requires { T{std::declval<Fields>()..., Anything{}}; })
        return count_fields<T, Fields..., Anything>();
    else
        return sizeof...(Fields);
}

/// Fields as declared. An optional cannot be counted that way (two conversions lead to it): those are written
/// out.
template <class T>
constexpr std::size_t kFields = count_fields<T>();
template <>
constexpr std::size_t kFields<messages::ProviderQuery> = 5;
template <>
constexpr std::size_t kFields<messages::OrderQuery> = 6;
template <>
constexpr std::size_t kFields<messages::Terms> = 5;
template <>
constexpr std::size_t kFields<lease::Container> = 26;
template <>
constexpr std::size_t kFields<lease::Workload> = 18;
template <>
constexpr std::size_t kFields<lease::Completion> = 4;
template <>
constexpr std::size_t kFields<lease::Schedule> = 7;

/// An inspector that puts another value into every field.
class Filler {
public:
    using result_type = void;

    template <class... Ts>
    void operator()(Ts&&... fields) {
        seen_ = 0;
        std::size_t count = 0;
        ((void)(count += one(fields)), ...);
        seen_ = count;
    }

    template <class T>
    void fill(T& x) {
        if constexpr (std::is_same_v<T, bool>) {
            x = true;
        } else if constexpr (std::is_enum_v<T>) {
            x = static_cast<T>(1);
        } else if constexpr (std::is_integral_v<T>) {
            x = static_cast<T>(++next_);
        } else if constexpr (std::is_same_v<T, std::string>) {
            x = "text " + std::to_string(++next_);
        } else if constexpr (requires { typename T::mapped_type; }) {
            std::decay_t<typename T::key_type> key;
            fill(key);
            fill(x[key]);
        } else if constexpr (requires { x.resize(2); }) {
            x.resize(2);
            for (auto& element : x) fill(element);
        } else if constexpr (requires {
                                 std::tuple_size<T>::value;
                                 x.fill(0);
                             }) {
            for (auto& byte : x) fill(byte);
        } else {
            inspect(*this, x);
            if constexpr (std::is_aggregate_v<T>) {
                INFO(caf::detail::pretty_type_name(typeid(T)));
                CHECK(seen_ == kFields<T>);
            }
        }
    }

private:
    template <class T>
    std::size_t one(T& field) {
        if constexpr (requires { field.fun(); }) {
            field.fun();
            return 0;
        } else if constexpr (caf::meta::is_annotation<std::decay_t<T>>::value) {
            return 0;
        } else {
            fill(const_cast<std::remove_const_t<T>&>(field));
            return 1;
        }
    }

    std::uint64_t next_ = 0;
    std::size_t seen_ = 0;
};

template <class T>
std::vector<char> written(T& value) {
    std::vector<char> bytes;
    caf::binary_serializer sink{nullptr, bytes};
    REQUIRE_FALSE(sink(value));
    return bytes;
}

std::set<caf::type_id_t> covered;

template <class T>
void travels() {
    INFO(caf::type_name<T>::value);
    covered.insert(caf::type_id<T>::value);
    T original{};
    Filler filler;
    filler.fill(original);
    auto bytes = written(original);
    REQUIRE_FALSE(bytes.empty());
    T copy{};
    caf::binary_deserializer source{nullptr, bytes};
    REQUIRE_FALSE(source(copy));
    CHECK(source.remaining() == 0);
    CHECK(written(copy) == bytes);
    if constexpr (std::equality_comparable<T>) {
        CHECK((copy == original));
        CHECK_FALSE((copy == T{}));
    }
}

template <std::size_t... I>
void all_travel(std::index_sequence<I...>) {
    (travels<typename caf::type_by_id<caf::id_block::grid::begin + I>::type>(), ...);
}

}  // namespace

TEST_CASE("every message type is read back as it was written, with every field") {
    constexpr std::size_t count = caf::id_block::grid::end - caf::id_block::grid::begin;
    STATIC_REQUIRE(count > 40);
    all_travel(std::make_index_sequence<count>{});
    CHECK(covered.size() == count);
}

TEST_CASE("a cut message is refused") {
    messages::OrderRow row;
    Filler filler;
    filler.fill(row);
    auto bytes = written(row);
    for (std::size_t length : {std::size_t{0}, bytes.size() / 2, bytes.size() - 1}) {
        messages::OrderRow copy;
        caf::binary_deserializer source{nullptr, bytes.data(), length};
        CHECK(source(copy));
    }
}

TEST_CASE("an error keeps its code and message between actors") {
    const Error error{"not_yours", "order 7 belongs to another user"};
    auto carried = messages::to_caf(error);
    CHECK(messages::from_caf(carried) == error);
    std::vector<char> bytes;
    caf::actor_system_config config;
    messages::add_message_types(config);
    caf::actor_system system{config};
    caf::binary_serializer sink{system, bytes};
    REQUIRE_FALSE(sink(carried));
    caf::error copy;
    caf::binary_deserializer source{system, bytes};
    REQUIRE_FALSE(source(copy));
    CHECK(messages::from_caf(copy) == error);
}

TEST_CASE("errors of the actor system have stable codes") {
    CHECK(messages::from_caf(caf::make_error(caf::sec::request_timeout)).code == "timeout");
    CHECK(messages::from_caf(caf::make_error(caf::sec::request_receiver_down)).code == "unavailable");
    CHECK(messages::from_caf(caf::make_error(caf::sec::bad_function_call)).code == "internal");
}
