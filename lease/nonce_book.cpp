#include "lease/nonce_book.hpp"

#include <openssl/rand.h>

#include <array>
#include <stdexcept>

#include "lease/byte_row.hpp"

namespace grid::lease {
namespace {

constexpr std::size_t kNonceLength = 24;
constexpr std::size_t kMaxClient = 255;

/// 24 characters of an alphabet of 62; bytes from 248 on are thrown away, or some letters would come oftener.
std::string random_nonce() {
    static constexpr std::string_view kAlphabet =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    std::string nonce;
    std::array<std::uint8_t, 2 * kNonceLength> random;
    while (nonce.size() < kNonceLength) {
        if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1)
            throw std::runtime_error("the random generator of the operating system does not answer");
        for (const std::uint8_t byte : random)
            if (byte < 248 && nonce.size() < kNonceLength) nonce += kAlphabet[byte % 62];
    }
    return nonce;
}

}  // namespace

chain::Bytes NonceRow::encode() const {
    chain::Bytes row(2 + nonce.size() + client.size() + 16);
    ByteWriter(row)
        .number(static_cast<std::uint8_t>(nonce.size()))
        .bytes(chain::as_bytes(nonce))
        .number(static_cast<std::uint8_t>(client.size()))
        .bytes(chain::as_bytes(client))
        .number(issued_at.seconds)
        .number(expires_at.seconds);
    return row;
}

Result<NonceRow> NonceRow::decode(chain::ByteView bytes) {
    ByteReader reader(bytes);
    NonceRow row;
    row.nonce = reader.text(reader.number<std::uint8_t>());
    row.client = reader.text(reader.number<std::uint8_t>());
    row.issued_at = {reader.number<std::uint64_t>()};
    row.expires_at = {reader.number<std::uint64_t>()};
    if (!reader.done()) return fail("bad_row", "a stored nonce is damaged");
    return row;
}

NonceBook::Issued NonceBook::issue(std::string_view client, chain::Timestamp now) {
    Issued issued{{random_nonce(), std::string(client.substr(0, kMaxClient)), now, now + limits_.life}, {}};
    issued.gone = sweep(now);
    const auto forget_first = [&](const ByExpiry& nonces) {
        issued.gone.push_back(nonces.begin()->second);
        erase(issued.gone.back());
    };
    const auto held = by_client_.find(issued.row.client);
    if (held != by_client_.end() && held->second.size() >= limits_.per_client) forget_first(held->second);
    if (!by_expiry_.empty() && rows_.size() >= limits_.total) forget_first(by_expiry_);
    restore(issued.row);
    return issued;
}

Result<NonceRow> NonceBook::spend(std::string_view nonce, chain::Timestamp now) {
    const auto found = rows_.find(std::string(nonce));
    if (found == rows_.end() || now >= found->second.expires_at)
        return fail("used_nonce",
                    "the nonce is not this gateway's, was used before, or has expired; ask for a "
                    "new challenge");
    NonceRow row = found->second;
    erase(row.nonce);
    return row;
}

std::vector<std::string> NonceBook::sweep(chain::Timestamp now) {
    std::vector<std::string> expired;
    while (!by_expiry_.empty() && by_expiry_.begin()->first <= now) {
        expired.push_back(by_expiry_.begin()->second);
        erase(expired.back());
    }
    return expired;
}

void NonceBook::restore(NonceRow row) {
    erase(row.nonce);
    by_client_[row.client].emplace(row.expires_at, row.nonce);
    by_expiry_.emplace(row.expires_at, row.nonce);
    std::string nonce = row.nonce;
    rows_.insert_or_assign(std::move(nonce), std::move(row));
}

void NonceBook::erase(const std::string& nonce) {
    const auto found = rows_.find(nonce);
    if (found == rows_.end()) return;
    const auto take_out = [&](ByExpiry& nonces) {
        auto [from, to] = nonces.equal_range(found->second.expires_at);
        while (from != to && from->second != found->first) ++from;
        if (from != to) nonces.erase(from);
    };
    const auto held = by_client_.find(found->second.client);
    take_out(held->second);
    if (held->second.empty()) by_client_.erase(held);
    take_out(by_expiry_);
    rows_.erase(found);
}

}  // namespace grid::lease
