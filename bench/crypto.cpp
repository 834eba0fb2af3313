// What one core does of the chain's cryptography in a second: the limit for everything that takes signatures.
#include <secp256k1.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "chain/keccak.hpp"
#include "chain/recover_each.hpp"
#include "chain/secp256k1.hpp"
#include "chain/transaction.hpp"

namespace {

using namespace grid::chain;
using Clock = std::chrono::steady_clock;

/// Calls `work(i)` for about a second, after a tenth of one to warm up; returns the rate of the best of three
/// runs.
template <class Work>
double per_second(Work work) {
    const auto run = [&](double seconds) {
        const auto begin = Clock::now();
        std::size_t count = 0;
        double elapsed = 0;
        while (elapsed < seconds) {
            for (int i = 0; i < 64; ++i) work(count++);
            elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
        }
        return static_cast<double>(count) / elapsed;
    };
    run(0.1);
    double best = 0;
    for (int i = 0; i < 3; ++i) best = std::max(best, run(0.4));
    return best;
}

void demand(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "bench_crypto: %s\n", what);
    std::exit(1);
}

/// Verification against a public key that is known already: what recovery could be replaced by for known
/// senders.
double verify_per_second(const PrivateKey& key, const std::vector<Hash>& digests,
                         const std::vector<Signature>& signatures) {
    secp256k1_context* context = secp256k1_context_create(SECP256K1_CONTEXT_VERIFY);
    secp256k1_pubkey known;
    Bytes point{4};
    for (const std::uint8_t byte : key.public_key()) point.push_back(byte);
    demand(secp256k1_ec_pubkey_parse(context, &known, point.data(), point.size()) == 1, "public key");
    const double rate = per_second([&](std::size_t i) {
        const Signature& signature = signatures[i % signatures.size()];
        const Bytes rsv = signature.rsv();
        secp256k1_ecdsa_signature parsed;
        demand(secp256k1_ecdsa_signature_parse_compact(context, &parsed, rsv.data()) == 1 &&
                   secp256k1_ecdsa_verify(context, &parsed, digests[i % digests.size()].bytes.data(),
                                          &known) == 1,
               "verify");
    });
    secp256k1_context_destroy(context);
    return rate;
}

}  // namespace

int main() {
    const PrivateKey key =
        derive_from_mnemonic("test test test test test test test test test test test junk", 0).value();
    std::vector<Hash> digests;
    std::vector<Signature> signatures;
    for (int i = 0; i < 64; ++i) {
        digests.push_back(keccak256(std::to_string(i)));
        signatures.push_back(key.sign(digests.back()));
    }
    std::vector<SignedDigest> many;
    for (std::size_t i = 0; i < 32; ++i) many.push_back({digests[i], signatures[i]});
    Transaction transaction;
    transaction.chain_id = 31337;
    transaction.gas_limit = 200'000;
    transaction.to = key.address();
    transaction.data = Bytes(260, 7);
    const Bytes raw = sign(transaction, key).raw;
    Bytes block(200, 1);

    struct Row {
        const char* name;
        double rate;
    };
    const Row rows[] = {
        {"recover", per_second([&](std::size_t i) {
             demand(recover(digests[i % 64], signatures[i % 64]).value() == key.address(), "recover");
         })},
        {"recover_each", 32 * per_second([&](std::size_t) {
                             std::vector<grid::Result<Address>> signers(32,
                                                                        grid::fail("none", "not answered"));
                             recover_each(many, signers);
                             demand(signers[31].value() == key.address(), "recover many");
                         })},
        {"verify", verify_per_second(key, digests, signatures)},
        {"sign",
         per_second([&](std::size_t i) { demand(key.sign(digests[i % 64]) == signatures[i % 64], "sign"); })},
        {"keccak", per_second([&](std::size_t) { block[0] = keccak256(block).bytes[0]; })},
        {"decode",
         per_second([&](std::size_t) { demand(SignedTransaction::decode(raw).has_value(), "decode"); })},
    };
    std::printf("%-34s %12s %10s\n", "one thread", "per second", "us each");
    const char* titles[] = {"recover a signer",        "recover a signer, 32 at a time",
                            "verify with a known key", "sign",
                            "keccak256 of 200 bytes",  "decode a transaction of 260 bytes"};
    std::string json = "{\"bench\":\"crypto\"";
    for (std::size_t i = 0; i < std::size(rows); ++i) {
        std::printf("%-34s %12.0f %10.2f\n", titles[i], rows[i].rate, 1e6 / rows[i].rate);
        json +=
            ",\"" + std::string(rows[i].name) + "_per_s\":" + std::to_string(static_cast<long>(rows[i].rate));
    }
    std::printf("%s}\n", json.c_str());
}
