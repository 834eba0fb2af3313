// Numbers that a seed decides: the same run again by the same seed.
export class Random {
  constructor(seed) {
    this.state = BigInt.asUintN(64, BigInt(seed))
  }

  /** splitmix64. */
  bits() {
    this.state = BigInt.asUintN(64, this.state + 0x9e3779b97f4a7c15n)
    let z = this.state
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n)
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn)
    return z ^ (z >> 31n)
  }

  /** 0 <= n < limit. */
  below(limit) {
    return Number(this.bits() % BigInt(limit))
  }

  between(least, most) {
    return BigInt(least) + this.bits() % (BigInt(most) - BigInt(least) + 1n)
  }

  chance(percent) {
    return this.below(100) < percent
  }

  /** One of a list; undefined when it is empty. */
  of(list) {
    return list.length === 0 ? undefined : list[this.below(list.length)]
  }

  /** One of [weight, value] by weight. */
  weighted(list) {
    let n = this.below(list.reduce((sum, [weight]) => sum + weight, 0))
    for (const [weight, value] of list) if ((n -= weight) < 0) return value
  }

  word() {
    return `0x${Array.from({ length: 4 }, () => this.bits().toString(16).padStart(16, '0')).join('')}`
  }
}
