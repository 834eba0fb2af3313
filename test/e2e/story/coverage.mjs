// What of the published ABI a client has used: functions that it called, events that it read, errors that it decoded by their name.
import assert from 'node:assert/strict'
import { abi, published } from '../wallet.mjs'

export class Coverage {
  constructor() {
    this.missing = new Map()
    for (const contract of published)
      for (const { type, name } of abi(contract))
        if (['function', 'event', 'error'].includes(type)) this.missing.set(`${type} ${contract}.${name}`, true)
    this.all = this.missing.size
  }

  called(contract, name) {
    this.missing.delete(`function ${contract}.${name}`)
  }

  seen(contract, name) {
    this.missing.delete(`event ${contract}.${name}`)
  }

  /** An error counts for the contract that was called, when its ABI has it. */
  raised(contract, name) {
    this.missing.delete(`error ${contract}.${name}`)
  }

  /** Fails with what was not used; `exceptions` says of each name that cannot be why: one that can is an error, too. */
  check(exceptions) {
    const used = Object.keys(exceptions).filter(name => !this.missing.has(name))
    assert.deepEqual(used, [], 'these are no exceptions: they were used, or are not in the ABI')
    assert.deepEqual([...this.missing.keys()].filter(name => !(name in exceptions)), [], 'these of the published ABI were not used')
  }
}

/** A value as every client has it: integers as bigint, addresses in lower case, tuples as objects, several results as an array. */
export function plain({ type, components }, value) {
  if (type.endsWith(']')) return Array.from(value, item => plain({ type: type.replace(/\[\d*\]$/, ''), components }, item))
  if (type === 'tuple') return named(components, value)
  if (/^u?int/.test(type)) return BigInt(value)
  return type === 'address' || type.startsWith('bytes') ? value.toLowerCase() : value
}

/** The same of a tuple or the arguments of an event or error, by name. */
export function named(parameters, values) {
  const pick = Array.isArray(values) ? (_, i) => values[i] : name => values[name]
  return Object.fromEntries(parameters.map((parameter, i) => [parameter.name, plain(parameter, pick(parameter.name, i))]))
}

export function results(outputs, value) {
  if (outputs.length === 0) return undefined
  return outputs.length === 1 ? plain(outputs[0], value) : outputs.map((output, i) => plain(output, value[i]))
}
