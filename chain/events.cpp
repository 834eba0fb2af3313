#include "chain/events.hpp"

#include <array>

#include "chain/contracts/signatures.hpp"
#include "chain/contracts/tuples.hpp"
#include "chain/keccak.hpp"

namespace grid::chain {

namespace {

using Contract = Address ContractAddresses::*;

/// Reads a log: topics first, then data; bad once anything is malformed or missing.
class LogReader {
public:
    explicit LogReader(const Log& log) : log_(log), data_(log.data) {}
    Hash topic() {
        if (next_ < log_.topics.size()) return log_.topics[next_++];
        bad_ = true;
        return {};
    }
    Address topic_address() {
        const auto address = Address::from_word(topic());
        if (!address) bad_ = true;
        return address ? *address : Address{};
    }
    OrderId topic_id() {
        const Amount id = Amount::from_word(topic());
        if (!id.fits_u64()) bad_ = true;
        return {id.limbs()[0]};
    }
    abi::Decoder& data() { return data_; }
    void refuse() { bad_ = true; }
    bool good() const { return !bad_ && !data_.bad() && next_ == log_.topics.size(); }

private:
    const Log& log_;
    abi::Decoder data_;
    std::size_t next_ = 1;
    bool bad_ = false;
};

Hash topic(const Address& a) {
    return a.word();
}
Hash topic(OrderId id) {
    return Amount{id.value}.word();
}
Hash topic(const Hash& h) {
    return h;
}

void put(abi::Encoder& out, const OrderBalance& b) {
    out.uint(b.deposit).uint(b.accrued).uint(b.paid_provider).uint(b.paid_user).uint(b.ends_at.seconds);
}

OrderBalance balance(abi::Decoder& in) {
    OrderBalance b;
    b.deposit = in.uint();
    b.accrued = in.uint();
    b.paid_provider = in.uint();
    b.paid_user = in.uint();
    b.ends_at = {in.u64()};
    return b;
}

/// How an event is written and read: one specialisation for each.
template <class E>
struct Codec;

/// Transfer(from, to, value) of both contracts.
template <class E, Contract Emitter>
struct TransferCodec {
    static constexpr std::string_view kSignature = "Transfer(address,address,uint256)";
    static constexpr Contract kEmitter = Emitter;
    static std::vector<Hash> topics(const E& e) { return {topic(e.from), topic(e.to)}; }
    static void data(abi::Encoder& out, const E& e) { out.uint(e.amount); }
    static E read(LogReader& in) {
        E e;
        e.from = in.topic_address();
        e.to = in.topic_address();
        e.amount = in.data().uint();
        return e;
    }
};
template <>
struct Codec<TokenTransfer> : TransferCodec<TokenTransfer, &ContractAddresses::token> {};
template <>
struct Codec<CreditTransfer> : TransferCodec<CreditTransfer, &ContractAddresses::credit> {};

template <>
struct Codec<TokenApproval> {
    static constexpr std::string_view kSignature = "Approval(address,address,uint256)";
    static constexpr Contract kEmitter = &ContractAddresses::token;
    static std::vector<Hash> topics(const TokenApproval& e) { return {topic(e.owner), topic(e.spender)}; }
    static void data(abi::Encoder& out, const TokenApproval& e) { out.uint(e.amount); }
    static TokenApproval read(LogReader& in) {
        TokenApproval e;
        e.owner = in.topic_address();
        e.spender = in.topic_address();
        e.amount = in.data().uint();
        return e;
    }
};

template <class E>
struct AccountAmountCodec {
    static constexpr Contract kEmitter = &ContractAddresses::credit;
    static std::vector<Hash> topics(const E& e) { return {topic(e.account)}; }
    static void data(abi::Encoder& out, const E& e) { out.uint(e.amount); }
    static E read(LogReader& in) {
        E e;
        e.account = in.topic_address();
        e.amount = in.data().uint();
        return e;
    }
};
template <>
struct Codec<CreditPurchased> : AccountAmountCodec<CreditPurchased> {
    static constexpr std::string_view kSignature = "Purchased(address,uint256)";
};
template <>
struct Codec<CreditRedeemed> : AccountAmountCodec<CreditRedeemed> {
    static constexpr std::string_view kSignature = "Redeemed(address,uint256)";
};

template <>
struct Codec<ProviderSet> {
    static constexpr std::string_view kSignature =
        "ProviderSet(address," GRID_ABI_INFO "," GRID_ABI_RESOURCES ")";
    static constexpr Contract kEmitter = &ContractAddresses::registry;
    static std::vector<Hash> topics(const ProviderSet& e) { return {topic(e.provider.address)}; }
    static void data(abi::Encoder& out, const ProviderSet& e) {
        out.dynamic(tuples::info(e.provider));
        tuples::put(out, e.provider.available);
    }
    static ProviderSet read(LogReader& in) {
        const Address address = in.topic_address();
        abi::Decoder body = in.data().dynamic();
        ProviderSet e{tuples::info(body)};
        e.provider.address = address;
        e.provider.available = tuples::resources(in.data());
        e.provider.status = ProviderStatus::active;
        if (body.bad()) in.refuse();
        return e;
    }
};

template <>
struct Codec<ProviderDeregistered> {
    static constexpr std::string_view kSignature = "ProviderDeregistered(address)";
    static constexpr Contract kEmitter = &ContractAddresses::registry;
    static std::vector<Hash> topics(const ProviderDeregistered& e) { return {topic(e.provider)}; }
    static void data(abi::Encoder&, const ProviderDeregistered&) {}
    static ProviderDeregistered read(LogReader& in) { return {in.topic_address()}; }
};

template <>
struct Codec<ResourceDelta> {
    static constexpr std::string_view kSignature =
        "ResourceDelta(address,bytes32," GRID_ABI_DELTA "," GRID_ABI_RESOURCES ")";
    static constexpr Contract kEmitter = &ContractAddresses::registry;
    static std::vector<Hash> topics(const ResourceDelta& e) { return {topic(e.provider), topic(e.ref)}; }
    static void data(abi::Encoder& out, const ResourceDelta& e) {
        tuples::put(out, tuples::Delta{e.amounts, e.reserved});
        tuples::put(out, e.available);
    }
    static ResourceDelta read(LogReader& in) {
        ResourceDelta e;
        e.provider = in.topic_address();
        e.ref = in.topic();
        const auto words = tuples::delta_words(in.data());
        const auto delta = words ? tuples::delta(*words) : std::nullopt;
        e.available = tuples::resources(in.data());
        if (!delta) {
            in.refuse();
            return e;
        }
        e.amounts = delta->amounts;
        e.reserved = delta->negative;
        return e;
    }
};

template <>
struct Codec<OrderCreated> {
    static constexpr std::string_view kSignature =
        "OrderCreated(uint64,address,address," GRID_ABI_RESOURCES "," GRID_ABI_PRICES
        ",uint64,uint64,bool,bool,uint64,uint64,uint256)";
    static constexpr Contract kEmitter = &ContractAddresses::market;
    static std::vector<Hash> topics(const OrderCreated& e) {
        return {topic(e.order.id), topic(e.order.user), topic(e.order.provider)};
    }
    static void data(abi::Encoder& out, const OrderCreated& e) {
        const Order& o = e.order;
        tuples::put(out, o.resources);
        tuples::put(out, o.prices);
        out.uint(o.duration.count)
            .uint(o.probation.count)
            .boolean(o.user_check)
            .boolean(o.provider_check)
            .uint(o.created_at.seconds)
            .uint(o.activation_deadline.seconds)
            .uint(o.deposit);
    }
    static OrderCreated read(LogReader& in) {
        Order o;
        o.id = in.topic_id();
        o.user = in.topic_address();
        o.provider = in.topic_address();
        o.resources = tuples::resources(in.data());
        o.prices = tuples::prices(in.data());
        o.duration = {in.data().u64()};
        o.probation = {in.data().u64()};
        o.user_check = in.data().boolean();
        o.provider_check = in.data().boolean();
        o.created_at = {in.data().u64()};
        o.activation_deadline = {in.data().u64()};
        o.deposit = in.data().uint();
        o.status = OrderStatus::unactivated;
        return {o};
    }
};

template <>
struct Codec<OrderActivated> {
    static constexpr std::string_view kSignature =
        "OrderActivated(uint64,address,uint64,uint64,uint64," GRID_ABI_BALANCE ")";
    static constexpr Contract kEmitter = &ContractAddresses::market;
    static std::vector<Hash> topics(const OrderActivated& e) { return {topic(e.id), topic(e.by)}; }
    static void data(abi::Encoder& out, const OrderActivated& e) {
        out.uint(e.activated_at.seconds).uint(e.activate_height).uint(e.starts_at.seconds);
        put(out, e.balance);
    }
    static OrderActivated read(LogReader& in) {
        OrderActivated e;
        e.id = in.topic_id();
        e.by = in.topic_address();
        e.activated_at = {in.data().u64()};
        e.activate_height = in.data().u64();
        e.starts_at = {in.data().u64()};
        e.balance = balance(in.data());
        return e;
    }
};

/// OrderSettled and OrderCompleted carry the same.
template <class E>
struct SettlementCodec {
    static constexpr Contract kEmitter = &ContractAddresses::market;
    static std::vector<Hash> topics(const E& e) { return {topic(e.id)}; }
    static void data(abi::Encoder& out, const E& e) {
        out.uint(e.settled_at.seconds).uint(e.settle_height);
        put(out, e.balance);
    }
    static E read(LogReader& in) {
        E e;
        e.id = in.topic_id();
        e.settled_at = {in.data().u64()};
        e.settle_height = in.data().u64();
        e.balance = balance(in.data());
        return e;
    }
};
template <>
struct Codec<OrderSettled> : SettlementCodec<OrderSettled> {
    static constexpr std::string_view kSignature = "OrderSettled(uint64,uint64,uint64," GRID_ABI_BALANCE ")";
};
template <>
struct Codec<OrderCompleted> : SettlementCodec<OrderCompleted> {
    static constexpr std::string_view kSignature =
        "OrderCompleted(uint64,uint64,uint64," GRID_ABI_BALANCE ")";
};

template <>
struct Codec<OrderCancelled> {
    static constexpr std::string_view kSignature =
        "OrderCancelled(uint64,address,uint64,uint64," GRID_ABI_BALANCE ")";
    static constexpr Contract kEmitter = &ContractAddresses::market;
    static std::vector<Hash> topics(const OrderCancelled& e) { return {topic(e.id), topic(e.by)}; }
    static void data(abi::Encoder& out, const OrderCancelled& e) {
        out.uint(e.settled_at.seconds).uint(e.settle_height);
        put(out, e.balance);
    }
    static OrderCancelled read(LogReader& in) {
        OrderCancelled e;
        e.id = in.topic_id();
        e.by = in.topic_address();
        e.settled_at = {in.data().u64()};
        e.settle_height = in.data().u64();
        e.balance = balance(in.data());
        return e;
    }
};

template <>
struct Codec<Withdrawn> {
    static constexpr std::string_view kSignature = "Withdrawn(uint64,address,uint256," GRID_ABI_BALANCE ")";
    static constexpr Contract kEmitter = &ContractAddresses::market;
    static std::vector<Hash> topics(const Withdrawn& e) { return {topic(e.id), topic(e.account)}; }
    static void data(abi::Encoder& out, const Withdrawn& e) {
        out.uint(e.amount);
        put(out, e.balance);
    }
    static Withdrawn read(LogReader& in) {
        Withdrawn e;
        e.id = in.topic_id();
        e.account = in.topic_address();
        e.amount = in.data().uint();
        e.balance = balance(in.data());
        return e;
    }
};

template <>
struct Codec<QuoteUsed> {
    static constexpr std::string_view kSignature = "QuoteUsed(bytes32,address,address,uint64)";
    static constexpr Contract kEmitter = &ContractAddresses::market;
    static std::vector<Hash> topics(const QuoteUsed& e) {
        return {topic(e.digest), topic(e.provider), topic(e.user)};
    }
    static void data(abi::Encoder& out, const QuoteUsed& e) { out.uint(e.id.value); }
    static QuoteUsed read(LogReader& in) {
        QuoteUsed e;
        e.digest = in.topic();
        e.provider = in.topic_address();
        e.user = in.topic_address();
        e.id = {in.data().u64()};
        return e;
    }
};

template <class E>
std::optional<Event> read_event(const Log& log) {
    LogReader in(log);
    E event = Codec<E>::read(in);
    if (!in.good()) return std::nullopt;
    return Event{std::move(event)};
}

}  // namespace

template <class E>
const Hash& topic_of() {
    static const Hash kTopic = keccak256(Codec<E>::kSignature);
    return kTopic;
}

namespace {

struct Reader {
    Hash topic;
    Contract emitter;
    std::optional<Event> (*read)(const Log&);
};

template <class... E>
auto make_readers(const std::variant<E...>*) {
    return std::array{Reader{topic_of<E>(), Codec<E>::kEmitter, read_event<E>}...};
}

}  // namespace

std::optional<Event> decode_event(const Log& log, const ContractAddresses& contracts) {
    static const auto kReaders = make_readers(static_cast<const Event*>(nullptr));
    if (log.topics.empty()) return std::nullopt;
    for (const Reader& reader : kReaders)
        if (reader.topic == log.topics.front() && contracts.*reader.emitter == log.address)
            return reader.read(log);
    return std::nullopt;
}

Log to_log(const Event& event, const ContractAddresses& contracts) {
    return std::visit(
        [&]<class E>(const E& e) {
            Log log;
            log.address = contracts.*Codec<E>::kEmitter;
            log.topics = Codec<E>::topics(e);
            log.topics.insert(log.topics.begin(), topic_of<E>());
            abi::Encoder out;
            Codec<E>::data(out, e);
            log.data = out.take();
            return log;
        },
        event);
}

std::string_view name_of(const Event& event) {
    return std::visit(
        []<class E>(const E&) {
            constexpr std::string_view kSignature = Codec<E>::kSignature;
            return kSignature.substr(0, kSignature.find('('));
        },
        event);
}

std::span<const EventType> event_types() noexcept {
    static constexpr auto kTypes = []<class... E>(const std::variant<E...>*) {
        return std::array{EventType{Codec<E>::kSignature, Codec<E>::kEmitter}...};
    }(static_cast<const Event*>(nullptr));
    return kTypes;
}

template const Hash& topic_of<TokenTransfer>();
template const Hash& topic_of<TokenApproval>();
template const Hash& topic_of<CreditTransfer>();
template const Hash& topic_of<CreditPurchased>();
template const Hash& topic_of<CreditRedeemed>();
template const Hash& topic_of<ProviderSet>();
template const Hash& topic_of<ProviderDeregistered>();
template const Hash& topic_of<ResourceDelta>();
template const Hash& topic_of<OrderCreated>();
template const Hash& topic_of<OrderActivated>();
template const Hash& topic_of<OrderSettled>();
template const Hash& topic_of<OrderCancelled>();
template const Hash& topic_of<OrderCompleted>();
template const Hash& topic_of<Withdrawn>();
template const Hash& topic_of<QuoteUsed>();

}  // namespace grid::chain
