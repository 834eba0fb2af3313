#pragma once

#include "chain/bytes.hpp"

/// Cap'n Proto's packed encoding (capnproto.org/encoding.html#packing), for bytes that are mostly zero, as
/// ABI words and the fields of rows are: a tag byte says which bytes of an 8-byte word are not zero, those
/// follow; runs of words of zeros take two bytes. Nothing grows by more than a quarter.
namespace grid::chain {

/// Appends the packed form. The last word is filled up with zeros: the reader knows the true size.
void pack(ByteView bytes, Bytes& out);

/// The first `size` bytes of what was packed. Code `bad_packing`: the input ends too early, goes on after
/// the last word, or its padding is not zero. Never makes more than `size` bytes; a caller bounds `size` by
/// kMaxUnpack times the input's size.
Result<Bytes> unpack(ByteView packed, std::size_t size);

/// What a byte of packed input can become at the most: two of them stand for 256 words.
inline constexpr std::size_t kMaxUnpack = 1024;

}  // namespace grid::chain
