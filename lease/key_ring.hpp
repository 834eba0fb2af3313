#pragma once

#include <array>
#include <filesystem>
#include <vector>

#include "chain/bytes.hpp"
#include "chain/time.hpp"

namespace grid::lease {

/// The secret keys under which a gateway's tokens stand. The newest signs; older ones still verify until they
/// retire, so that a rotation logs nobody out. A value: copies are wiped when they go.
class KeyRing {
public:
    struct Key {
        std::uint32_t id = 0;  ///< from 1; never used twice in a ring
        std::array<std::uint8_t, 32> secret{};
        chain::Timestamp created_at;
        chain::Timestamp retires_at;  ///< 0: does not
        Key() = default;
        Key(const Key&) = default;
        Key& operator=(const Key&) = default;
        ~Key();
    };

    /// A ring with one random key.
    static KeyRing generate(chain::Timestamp now);

    /// Reads the ring's file, or makes it (0600, written whole and synced) when there is none.
    /// Code `bad_key_file`, and the message says what to do: not a regular file, not ours, readable by
    /// others, damaged, unreadable.
    static Result<KeyRing> load_or_create(const std::filesystem::path& path, chain::Timestamp now);

    /// Replaces the file atomically (0600). Code `io`.
    Result<void> save(const std::filesystem::path& path) const;

    /// A new key signs from now on; the others verify for `overlap` more at the most; retired ones are
    /// dropped.
    void rotate(chain::Timestamp now, chain::Seconds overlap);

    /// The key that signs.
    const Key& newest() const { return keys_.back(); }
    /// The key of that id, when it has not retired; else null.
    const Key* find(std::uint32_t id, chain::Timestamp now) const noexcept;
    std::size_t size() const noexcept { return keys_.size(); }

private:
    KeyRing() = default;
    static Result<KeyRing> parse(std::string_view text);

    std::vector<Key> keys_;  ///< by rising id; never empty
};

}  // namespace grid::lease
