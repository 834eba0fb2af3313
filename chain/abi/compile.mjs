// Compiles I*.sol beside this file and writes {GridToken,Credit,Registry,Market,Council,Pledge,Multicall3}.json: the ABI array alone.
// `--check` writes nothing and fails when a committed file differs.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import solc from 'solc'

const here = dirname(fileURLToPath(import.meta.url))
const sources = {}
for (const file of readdirSync(here).filter((name) => name.endsWith('.sol')))
  sources[file] = { content: readFileSync(join(here, file), 'utf8') }

const input = {
  language: 'Solidity',
  sources,
  settings: { outputSelection: { '*': { '*': ['abi'] } } },
}
const output = JSON.parse(solc.compile(JSON.stringify(input)))
const problems = output.errors ?? []
if (problems.length > 0) {
  for (const problem of problems) console.error(problem.formattedMessage)
  process.exit(1)
}

// internalType says nothing on the wire and changes with the names of Solidity's types.
const strip = ({ internalType, ...rest }) =>
  rest.components ? { ...rest, components: rest.components.map(strip) } : rest
const cleaned = (entry) => {
  const result = { ...entry }
  for (const part of ['inputs', 'outputs']) if (entry[part]) result[part] = entry[part].map(strip)
  return result
}

let differing = 0
for (const name of ['GridToken', 'Credit', 'Registry', 'Market', 'Council', 'Pledge', 'Multicall3']) {
  const { abi } = output.contracts[`I${name}.sol`][`I${name}`]
  const text = '[\n' + abi.map((entry) => '  ' + JSON.stringify(cleaned(entry))).join(',\n') + '\n]\n'
  const file = join(here, `${name}.json`)
  if (!process.argv.includes('--check')) writeFileSync(file, text)
  else if (readFileSync(file, 'utf8') !== text) {
    console.error(`${name}.json is not what I${name}.sol compiles to: run \`node compile.mjs\``)
    differing++
  }
}
process.exit(differing === 0 ? 0 : 1)
