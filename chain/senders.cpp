#include "chain/senders.hpp"

#include "chain/keccak_lanes.hpp"
#include "chain/recover_each.hpp"

namespace grid::chain {

std::vector<Result<SentTransaction>> decode_each(std::span<Bytes> raws) {
    std::vector<Result<SentTransaction>> results(raws.size(), fail("bad_transaction", "not decoded"));
    std::vector<std::size_t> places;
    std::vector<SignedTransaction> transactions;
    for (std::size_t i = 0; i < raws.size(); ++i) {
        auto parsed = SignedTransaction::parse(std::move(raws[i]));
        if (!parsed) {
            results[i] = tl::unexpected<Error>(std::move(parsed.error()));
            continue;
        }
        places.push_back(i);
        transactions.push_back(std::move(*parsed));
    }
    std::vector<ByteView> messages;
    for (const SignedTransaction& transaction : transactions) messages.push_back(transaction.raw);
    std::vector<Hash> hashes(messages.size());
    keccak256_each(messages, hashes);
    auto senders = recover_senders(transactions);
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (!senders[i]) {
            results[places[i]] = tl::unexpected<Error>(std::move(senders[i].error()));
            continue;
        }
        transactions[i].hash = hashes[i];
        results[places[i]] = SentTransaction{std::move(transactions[i]), *senders[i]};
    }
    return results;
}

std::vector<Result<Address>> recover_senders(std::span<const SignedTransaction> transactions) {
    std::vector<Bytes> payloads;
    for (const SignedTransaction& transaction : transactions)
        payloads.push_back(transaction.signing_payload());
    const std::vector<ByteView> messages(payloads.begin(), payloads.end());
    std::vector<Hash> digests(messages.size());
    keccak256_each(messages, digests);
    std::vector<SignedDigest> signatures;
    for (std::size_t i = 0; i < transactions.size(); ++i)
        signatures.push_back({digests[i], transactions[i].signature});
    std::vector<Result<Address>> senders(transactions.size(), fail("bad_signature", "not recovered"));
    recover_each(signatures, senders);
    return senders;
}

}  // namespace grid::chain
