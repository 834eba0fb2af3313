// Words of the story.
export const coin = 10n ** 18n
export const nobody = `0x${'0'.repeat(40)}`
/** 2^256 - 1: more than anybody has. */
export const everything = (1n << 256n) - 1n
/** Left-aligned ASCII in 32 bytes: how roles and salts are written. */
export const word = text => `0x${Buffer.from(text).toString('hex').padEnd(64, '0')}`
