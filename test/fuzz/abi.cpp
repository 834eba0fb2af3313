// The first byte says who calls or what is read, the second which contract, the third how late it is; what
// follows is calldata, a log or return data.

#include <algorithm>
#include <array>
#include <map>

#include "chain/calls.hpp"
#include "chain/council_calls.hpp"
#include "chain/events.hpp"
#include "chain/revert.hpp"
#include "fuzz/stage.hpp"
#include "fuzz/target.hpp"

namespace grid::fuzz {

namespace {

using namespace grid::chain;
using chain::abi::Declaration;

constexpr std::size_t kHead = 3;
constexpr std::uint64_t kLater[] = {0, 1, 59, 60, 3'498, 3'499, 3'500, 1'000'000, 315'360'000};

const Contract& chosen_contract(std::uint8_t number) {
    return contracts()[number % contracts().size()];
}

/// What the committed ABI alone says of data. Overlapping: the data has several values in the same place,
/// which Solidity's decoder takes and that of the generic codec does not.
enum class Reading { malformed, overlapping, fits, canonical };

Reading read_by_abi(const std::vector<chain::abi::Parameter>& parameters, ByteView data) {
    const auto types = chain::abi::types_of(parameters);
    const auto values = chain::abi::decode(types, data);
    if (!values) {
        const Error& error = values.error();
        require(error.code == "bad_abi" && !error.message.empty(), "an error has its name");
        return error.message.find("than the data holds") == std::string::npos ? Reading::malformed
                                                                              : Reading::overlapping;
    }
    const auto again = chain::abi::encode(types, *values);
    require(again.has_value(), "what decodes can be encoded");
    if (std::equal(again->begin(), again->end(), data.begin(), data.end())) return Reading::canonical;
    require(chain::abi::decode(types, *again) == values, "what is encoded decodes to the same values");
    return Reading::fits;
}

bool is_canonical(const std::vector<chain::abi::Parameter>& parameters, ByteView data) {
    return read_by_abi(parameters, data) == Reading::canonical;
}

using Rows = std::map<std::pair<std::uint8_t, Bytes>, std::optional<Bytes>>;

Rows rows_of(const State& state) {
    Rows rows;
    state.for_each_row([&](Row row) { rows[{row.table, std::move(row.key)}] = std::move(row.value); });
    return rows;
}

// --- calls

/// Revert data: empty, a panic, or an error of a published contract with nothing but its arguments.
void check_revert(const CallResult& result) {
    require(result.logs.empty(), "a failed call logs nothing");
    if (result.output.empty()) return;
    require(result.output.size() >= 4, "revert data begins with a selector");
    const chain::abi::Selector selector{result.output[0], result.output[1], result.output[2],
                                        result.output[3]};
    static const chain::abi::Selector kPanic = chain::abi::selector("Panic(uint256)");
    static const chain::abi::Selector kError = chain::abi::selector("Error(string)");
    if (selector == kPanic || selector == kError) return;
    for (const Contract& contract : contracts()) {
        const Declaration* error = find(contract.errors, selector);
        if (error == nullptr) continue;
        require(is_canonical(error->inputs, ByteView(result.output).subspan(4)),
                "revert data is an error of the ABI", error->name);
        return;
    }
    throw Broken("revert data is an error of the ABI: " + describe_revert(result.output));
}

void check_log(const Log& log) {
    const auto event = decode_event(log, embedded_addresses());
    require(event.has_value(), "a log is an event of the contracts");
    require(to_log(*event, embedded_addresses()) == log, "an event is written as it was read");
    const Contract* contract = contract_at(log.address);
    require(contract != nullptr && !log.topics.empty(), "a log names its contract and its event");
    const Declaration* declaration = find(contract->events, log.topics[0]);
    require(declaration != nullptr && chain::abi::decode_log(*declaration, log.topics, log.data),
            "a log is an event of the ABI");
}

void check_result(const Declaration& function, const CallResult& result) {
    require(is_canonical(function.outputs, result.output), "results are those of the ABI", function.name);
    for (const Log& log : result.logs) check_log(log);
}

/// What no call of an account may break.
void check_state(const State& state) {
    const ContractAddresses at = embedded_addresses();
    require(state.token_balance(at.credit) >= state.credit_supply(), "credits are backed");
    require(state.token_supply() <= state.parameters().token_cap, "the cap of the token holds");
    for (const Address& address : state.providers()) {
        const Provider& p = *state.provider(address);
        require(p.available.cpu_milli <= p.total.cpu_milli && p.available.memory_mib <= p.total.memory_mib &&
                    p.available.storage_mib <= p.total.storage_mib && p.available.gpus <= p.total.gpus,
                "no more is available than there is");
    }
    Amount unpaid;
    for (std::uint64_t id = 1; id <= state.last_order().value; ++id) {
        const Order order = *state.order({id});
        const Amount paid = order.paid_provider + order.paid_user + order.paid_fee;
        require(order.accrued <= order.deposit && paid <= order.deposit,
                "no order pays more than its deposit");
        unpaid += order.deposit - paid;
    }
    require(state.credit_balance(at.market) == unpaid, "the escrow is what orders have not paid");
}

void run_call(ByteView input) {
    static Stage stage;
    static const Rows before = rows_of(stage.state);
    const Contract& contract = chosen_contract(input[1]);
    const ByteView data = input.subspan(kHead);
    BlockContext block = stage.block;
    block.time.seconds += kLater[input[2] % std::size(kLater)];
    const Message message{callers()[input[0] % callers().size()], contract.address, {}, data};
    const std::size_t mark = stage.state.checkpoint();
    const CallResult result = chain::call(stage.state, block, message);
    require(result.gas_used >= 21'000 && result.gas_used <= 30'000'000, "gas is plausible");

    const Declaration* function = nullptr;
    if (data.size() >= 4) function = find(contract.functions, {data[0], data[1], data[2], data[3]});
    if (function == nullptr) {
        require(!result.success && result.output.empty(), "an unknown function reverts empty");
    } else {
        const bool refused_as_malformed = !result.success && result.output.empty();
        const Reading reading = read_by_abi(function->inputs, data.subspan(4));
        // What a call inside reverts with may be empty, too, and so is running out of gas.
        const bool calls_others = contract.name == "Multicall3" || function->name == "execute";
        if (reading == Reading::malformed)
            require(refused_as_malformed, "malformed calldata reverts empty", function->name);
        else if (reading != Reading::overlapping && !calls_others)
            require(!refused_as_malformed, "nothing but malformed calldata reverts empty", function->name);
    }
    if (result.success) {
        check_result(*function, result);
        // The contracts of the protocol keep it by what they call, and do not call everything.
        if (contract_at(message.from) == nullptr) check_state(stage.state);
        stage.state.rollback(mark);
    } else {
        check_revert(result);
        require(stage.state.checkpoint() == mark, "a failed call changes nothing");
    }
    if (!thorough(input)) return;
    require(rows_of(stage.state) == before, "a call that is taken back leaves every row as it was");
    const CallResult again = chain::call(stage.state, block, message);
    stage.state.rollback(mark);
    require(again.success == result.success && again.output == result.output && again.logs == result.logs &&
                again.gas_used == result.gas_used,
            "the same call has the same outcome");
}

// --- logs

/// The first byte's low bits say how many topics, which come first.
void run_log(ByteView input) {
    const Contract& contract = chosen_contract(input[1]);
    const std::size_t topics = input[2] % 5;
    ByteView rest = input.subspan(kHead);
    if (rest.size() < 32 * topics) return;
    Log log{contract.address, {}, {}};
    for (std::size_t i = 0; i < topics; ++i, rest = rest.subspan(32)) {
        Hash topic;
        std::copy_n(rest.begin(), 32, topic.bytes.begin());
        log.topics.push_back(topic);
    }
    log.data.assign(rest.begin(), rest.end());
    const auto event = decode_event(log, embedded_addresses());
    const Declaration* declaration = topics == 0 ? nullptr : find(contract.events, log.topics[0]);
    if (!event) return;
    require(declaration != nullptr, "what is read as an event is one of the ABI");
    const auto by_abi = chain::abi::decode_log(*declaration, log.topics, log.data);
    require(by_abi || by_abi.error().message.find("than the data holds") != std::string::npos,
            "what is read as an event is one of the ABI", declaration->name);
    const Log written = to_log(*event, embedded_addresses());
    check_log(written);
    require(decode_event(written, embedded_addresses()) == event, "an event is read as it was written");
    require(!name_of(*event).empty() && name_of(*event) == declaration->name, "an event has the ABI's name");
}

// --- results

struct Reader {
    const char* contract;
    const char* function;
    bool (*reads)(ByteView);
};

template <auto Read>
bool reads(ByteView data) {
    const auto value = Read(data);
    require(value || (value.error().code == "bad_result" && !value.error().message.empty()),
            "an error has its name");
    return value.has_value();
}

constexpr Reader kReaders[] = {
    {"GridToken", "balanceOf", reads<calls::decode_amount>},
    {"GridToken", "name", reads<calls::decode_text>},
    {"GridToken", "minter", reads<calls::decode_address>},
    {"Credit", "isProtocol", reads<calls::decode_boolean>},
    {"Registry", "get", reads<calls::decode_provider>},
    {"Registry", "list", reads<calls::decode_providers>},
    {"Market", "get", reads<calls::decode_order>},
    {"Market", "current", reads<calls::decode_order_id>},
    {"Market", "ordersOfUser", reads<calls::decode_order_ids>},
    {"Market", "parameters", reads<calls::decode_parameters>},
    {"Council", "members", reads<calls::decode_addresses>},
    {"Council", "proposal", reads<calls::decode_proposal>},
    {"Council", "list", reads<calls::decode_proposals>},
    {"Pledge", "parameters", reads<calls::decode_pledge_parameters>},
    {"Pledge", "pool", reads<calls::decode_pool>},
    {"Pledge", "position", reads<calls::decode_position>},
    {"Pledge", "positions", reads<calls::decode_positions>},
    {"Pledge", "getSlash", reads<calls::decode_slash>},
    {"Multicall3", "aggregate3", reads<calls::decode_call_results>},
};

/// What the functions of kReaders return, in their order.
std::vector<std::vector<chain::abi::Parameter>> outputs_of_readers() {
    std::vector<std::vector<chain::abi::Parameter>> outputs;
    for (const Reader& reader : kReaders)
        for (const Contract& contract : contracts())
            if (contract.name == reader.contract)
                outputs.push_back(contract.interface.function(reader.function)->outputs);
    return outputs;
}

void run_result(ByteView input) {
    const Reader& reader = kReaders[input[1] % std::size(kReaders)];
    const ByteView data = input.subspan(kHead);
    if (reader.reads(data)) {
        static const auto outputs = outputs_of_readers();
        require(read_by_abi(outputs[input[1] % std::size(kReaders)], data) != Reading::malformed,
                "what is read as a result is one of the ABI", reader.function);
    }
    if (!thorough(input)) return;
    require(!describe_revert(data).empty(), "revert data is described");
    revert_name(data);
}

}  // namespace

void abi(ByteView input) {
    if (input.size() < kHead) return;
    if (input[0] < 0x80) return run_call(input);
    if (input[0] < 0xc0) return run_log(input);
    run_result(input);
}

}  // namespace grid::fuzz
