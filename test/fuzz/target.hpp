#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "chain/bytes.hpp"

/// What is fuzzed: functions of bytes that hold their properties whatever the bytes are. libFuzzer explores
/// them (`./dev test fuzz`), a plain program replays the committed corpora (`./dev test`).
namespace grid::fuzz {

/// An input that broke a property.
struct Broken : std::logic_error {
    using std::logic_error::logic_error;
};

/// Throws Broken unless it holds: a failed test in a replay, a crash with its input kept under libFuzzer.
inline void require(bool holds, const char* property) {
    if (!holds) throw Broken(property);
}
inline void require(bool holds, const char* property, const std::string& detail) {
    if (!holds) throw Broken(std::string(property) + ": " + detail);
}

/// RLP: what decodes is canonical, stays within the input and within the limits that it was given.
void rlp(chain::ByteView input);
/// Envelopes of transactions: what decodes encodes to the same bytes again, by an encoder of this test's own.
void transaction(chain::ByteView input);
/// Calls of native contracts on a small state, their events and results, against the committed ABI.
void abi(chain::ByteView input);
/// JSON-RPC over a ledger: any text gets exactly one reply, and a well-formed one.
void rpc(chain::ByteView input);
/// A manifest: any text is an application within what was bought and the policy, or refused in words.
void manifest(chain::ByteView input);
/// The small languages of manifests: quantities, names of images, schedules, times, registry logins.
void notation(chain::ByteView input);
/// Heads of HTTP messages and their bodies on the way through the proxy. The first byte chooses what is
/// rewritten how, the second into which pieces the rest is cut.
void http_head(chain::ByteView input);
/// What a WebSocket's client sends after the handshake, to a real connection of the server. The first byte
/// chooses the socket's options, the second where the rest is cut in two.
void web_socket(chain::ByteView input);
/// What an EVM node replies. The first byte says how many calls were asked.
void evm_reply(chain::ByteView input);
/// What a Kubernetes API server says of pods and jobs.
void pods(chain::ByteView input);
/// A kubeconfig: any text names a server and who we are to it, or is refused in words.
void kubeconfig(chain::ByteView input);

/// While exploring, costly properties (whole states compared, signatures recovered) are checked on one input
/// of 64, chosen by its bytes alone; a replay checks them always.
inline bool exploring = false;
bool thorough(chain::ByteView input) noexcept;

}  // namespace grid::fuzz
