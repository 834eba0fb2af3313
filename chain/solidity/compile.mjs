// Compiles contracts/*.sol and writes artifacts/NAME.json: ABI, creation and runtime bytecode, places of immutables, storage layout.
// `--check` writes nothing and fails when a committed file differs. Both fail when a contract's ABI is not that of chain/abi, or
// its code is too large for an EVM chain.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import solc from 'solc'

const here = dirname(fileURLToPath(import.meta.url))
const names = ['GridToken', 'Credit', 'Registry', 'Market', 'Council', 'Pledge']
/** EIP-170 and EIP-3860. */
const maxCode = 24_576
const maxCreation = 49_152

export const settings = JSON.parse(readFileSync(join(here, 'settings.json'), 'utf8'))

/** What chain/abi has not: functions for each other alone (docs/adr/0010), and an event of OpenZeppelin's that is never emitted. */
const additions = { Registry: ['terms', 'standing'], GridToken: ['EIP712DomainChanged'] }

function compile() {
  const sources = {}
  for (const file of readdirSync(join(here, 'contracts')).filter(name => name.endsWith('.sol')))
    sources[`solidity/contracts/${file}`] = { content: readFileSync(join(here, 'contracts', file), 'utf8') }
  const find = path => {
    const place = path.startsWith('@') ? join(here, 'node_modules', path) : join(here, '..', path)
    return { contents: readFileSync(place, 'utf8') }
  }
  const outputSelection = { '*': { '': ['ast'], '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object', 'evm.deployedBytecode.immutableReferences', 'storageLayout'] } }
  const input = { language: 'Solidity', sources, settings: { ...settings, outputSelection } }
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: find }))
  // 2394: that transient storage lives as long as the transaction. Guards clear theirs at the end of the call.
  const problems = (output.errors ?? []).filter(({ errorCode }) => errorCode !== '2394')
  for (const problem of problems) console.error(problem.formattedMessage)
  if (problems.length > 0) process.exit(1)
  return output
}

/** Where constructors write immutables into the runtime bytecode: {name: byte offsets of words, in order}. */
function immutablesOf({ immutableReferences }, variables) {
  const places = Object.entries(immutableReferences).map(([id, places]) => [variables.get(Number(id)), places.map(({ start }) => start)])
  return Object.fromEntries(places.sort(([a], [b]) => a < b ? -1 : 1))
}

/** Names of all state variables by their number in the syntax tree. */
function variableNames(sources) {
  const names = new Map()
  for (const { ast } of Object.values(sources))
    for (const contract of ast.nodes.filter(({ nodeType }) => nodeType === 'ContractDefinition'))
      for (const { nodeType, id, name } of contract.nodes) if (nodeType === 'VariableDeclaration') names.set(id, name)
  return names
}

/** What a client sees of an ABI entry: names of Solidity's own types left out, and pure is a kind of view. */
const seen = entry => JSON.stringify(entry, (key, value) => {
  if (key === 'internalType') return undefined
  return key === 'stateMutability' && value === 'pure' ? 'view' : value
}, 0)

/** An ABI entry as the wire knows it: without names of parameters. */
function keyed(entry) {
  const plain = JSON.parse(seen(entry))
  const unnamed = part => ({ ...part, name: '', ...(part.components ? { components: part.components.map(unnamed) } : {}) })
  for (const part of ['inputs', 'outputs']) if (plain[part]) plain[part] = plain[part].map(unnamed)
  const sorted = value => Array.isArray(value) ? value.map(sorted)
    : value !== null && typeof value === 'object' ? Object.fromEntries(Object.keys(value).sort().map(key => [key, sorted(value[key])]))
      : value
  return JSON.stringify(sorted(plain))
}

/** Differences of a contract's ABI from the published one; it may declare further errors, that no call answers. */
function differences(name, abi) {
  const published = JSON.parse(readFileSync(join(here, '..', 'abi', `${name}.json`), 'utf8'))
  const mine = new Set(abi.map(keyed))
  const theirs = new Set(published.map(keyed))
  const allowed = new Set(additions[name] ?? [])
  const missing = published.filter(entry => !mine.has(keyed(entry))).map(entry => `lacks ${entry.type} ${entry.name}`)
  const more = abi.filter(entry => !theirs.has(keyed(entry)) && !['constructor', 'error'].includes(entry.type) && !allowed.has(entry.name))
    .map(entry => `has a ${entry.type} ${entry.name} that chain/abi has not`)
  return [...missing, ...more]
}

/** The layout without numbers of the syntax tree, which change with every edit. */
function layoutOf({ storage, types }) {
  const text = value => value.replace(/\)\d+_storage/g, ')_storage').replace(/\)\d+/g, ')')
  const members = type => types[type].members?.map(({ label, offset, slot, type: part }) => ({ label, slot: Number(slot), offset, type: text(part) }))
  const structs = {}
  for (const [type, { numberOfBytes }] of Object.entries(types))
    if (types[type].members) structs[text(type)] = { bytes: Number(numberOfBytes), members: members(type) }
  return { variables: storage.map(({ label, offset, slot, type }) => ({ label, slot: Number(slot), offset, type: text(type) })), structs }
}

const { contracts, sources } = compile()
const variables = variableNames(sources)
let faults = 0
const fault = text => { console.error(text); faults++ }
mkdirSync(join(here, 'artifacts'), { recursive: true })
for (const name of names) {
  const made = contracts[`solidity/contracts/${name}.sol`]?.[name]
  if (made === undefined) { fault(`${name}.sol has no contract ${name}`); continue }
  for (const difference of differences(name, made.abi)) fault(`${name} ${difference}`)
  const creation = made.evm.bytecode.object
  const runtime = made.evm.deployedBytecode.object
  if (runtime.length / 2 > maxCode) fault(`${name} has ${runtime.length / 2} bytes of code; an EVM chain takes ${maxCode}`)
  if (creation.length / 2 > maxCreation) fault(`${name} has ${creation.length / 2} bytes of creation code; an EVM chain takes ${maxCreation}`)
  if (process.argv.includes('--sizes')) console.log(`${name.padEnd(10)} ${runtime.length / 2} bytes`)
  const text = JSON.stringify({
    contract: name, solc: solc.version(), abi: made.abi.map(entry => JSON.parse(seen(entry))),
    bytecode: `0x${creation}`, deployedBytecode: `0x${runtime}`, immutables: immutablesOf(made.evm.deployedBytecode, variables),
    storageLayout: layoutOf(made.storageLayout)
  }, null, 1) + '\n'
  const file = join(here, 'artifacts', `${name}.json`)
  if (!process.argv.includes('--check')) writeFileSync(file, text)
  else {
    let there
    try { there = readFileSync(file, 'utf8') } catch { /* said below */ }
    if (there !== text) fault(`artifacts/${name}.json is not what ${name}.sol compiles to: run \`node compile.mjs\``)
  }
}
process.exit(faults === 0 ? 0 : 1)
