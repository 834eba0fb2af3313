#include "chain/events.hpp"

#include <array>

#include "chain/events/council_codec.hpp"
#include "chain/events/credit_codec.hpp"
#include "chain/events/market_codec.hpp"
#include "chain/events/pledge_codec.hpp"
#include "chain/events/registry_codec.hpp"
#include "chain/events/token_codec.hpp"
#include "chain/keccak.hpp"

namespace grid::chain {

using events::Codec;
using events::Contract;
using events::LogReader;

namespace {

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
            const auto indexed = Codec<E>::topics(e);
            log.topics.reserve(1 + indexed.size());
            log.topics.push_back(topic_of<E>());
            log.topics.insert(log.topics.end(), indexed.begin(), indexed.end());
            constexpr std::size_t kWordsExpected = 16;
            abi::Encoder out;
            out.reserve(kWordsExpected);
            Codec<E>::data(out, e);
            log.data = std::move(out).take();
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
template const Hash& topic_of<CreditTransferReceived>();
template const Hash& topic_of<CreditTransferClaimed>();
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
template const Hash& topic_of<ParameterSet>();
template const Hash& topic_of<OrderSuspended>();
template const Hash& topic_of<OrderResumed>();
template const Hash& topic_of<OrderExtended>();
template const Hash& topic_of<OrderReplaced>();
template const Hash& topic_of<OrderUnserved>();
template const Hash& topic_of<QuoteCancelled>();
template const Hash& topic_of<QuoteEpochBumped>();
template const Hash& topic_of<ProposalCreated>();
template const Hash& topic_of<ProposalApproved>();
template const Hash& topic_of<ProposalVetoed>();
template const Hash& topic_of<ProposalCancelled>();
template const Hash& topic_of<ProposalExecuted>();
template const Hash& topic_of<RoleChanged>();
template const Hash& topic_of<MembersChanged>();
template const Hash& topic_of<DelayChanged>();
template const Hash& topic_of<EpochRolled>();
template const Hash& topic_of<PositionChanged>();
template const Hash& topic_of<ProfitMinted>();
template const Hash& topic_of<SlashAnnounced>();
template const Hash& topic_of<SlashExecuted>();
template const Hash& topic_of<SlashVetoed>();

}  // namespace grid::chain
