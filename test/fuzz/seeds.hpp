#pragma once

#include <map>
#include <string>

#include "chain/bytes.hpp"

/// The inputs that fuzzing begins with: real encodings, transactions, calls, logs and requests, good and bad
/// ones, by topic. The corpora in test/fuzz/corpus hold them and what exploring them has found.
namespace grid::fuzz {

using Seeds = std::map<std::string, chain::Bytes>;

Seeds rlp_seeds();
Seeds transaction_seeds();
Seeds abi_seeds();
Seeds rpc_seeds();
Seeds manifest_seeds();
Seeds notation_seeds();
Seeds http_head_seeds();
Seeds web_socket_seeds();
Seeds evm_reply_seeds();
Seeds pods_seeds();
Seeds kubeconfig_seeds();

}  // namespace grid::fuzz
