// What gridd does not start with: it says what is wrong and where, and whatever runs beside it goes on.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Node, build } from './node.mjs'
import { Untouched } from './untouched.mjs'

let world, node, unchanged

before(async () => {
  world = await Untouched.start();
  ({ node, unchanged } = world)
})
after(async () => {
  await node?.stop()
})

/** gridd with that configuration, which must refuse to start: what it says. */
function refusedStart(config, ...words) {
  const done = spawnSync(join(build, 'gridd'), config === undefined ? words : ['--config', config, ...words], { encoding: 'utf8', timeout: 20_000 })
  assert.equal(done.status, 1, `${done.stdout}${done.stderr}`)
  return done.stderr
}

test('a port in use, and a data directory in use', async () => {
  const place = await Node.prepare()
  try {
    const port = Number(new URL(node.platform).port)
    await unchanged(() => {
      for (const ports of [{ platformPort: port, gatewayPort: 0 }, { platformPort: 0, gatewayPort: port }]) {
        place.configure(ports)
        assert.match(refusedStart(place.config), new RegExp(`^gridd: .*127\\.0\\.0\\.1:${port} is in use by another program.*\\(\\w+\\)$`, 'm'))
      }
      const said = refusedStart(node.config)
      assert.match(said, /is in use by another process.*\(data_directory_in_use\)/)
      assert.ok(said.includes(node.data), said)
    })
    place.configure({ platformPort: 0, gatewayPort: 0 })
    await place.launch()
    await place.stop()
  } finally {
    await place.sweep()
  }
})

test('a damaged configuration: file, line and key are told', async () => {
  const place = Node.place()
  try {
    for (const [text, line, reason] of [
      ['roles: [ledger]\nplatfrom:\n  listen: x\n', 2, /platfrom: no such key/],
      ['platform:\n  listen: 127.0.0.1:70000\n', 2, /platform\.listen: expected HOST:PORT/],
      ['roles: [ledger, oracle]\n', 1, /roles: expected ledger, ledger-follower, platform or gateway/],
      ['roles: [ledger, ledger-follower]\n', 1, /roles: expected one of ledger and ledger-follower/],
      ['roles: [ledger-follower, platform]\nchain:\n  leader: ""\n', 3, /chain.leader: expected the platform of the node to follow/],
      ['roles: [ledger, platform]\nchain:\n  leader: http://localhost\n', 3, /chain.leader: only the role ledger-follower/],
      ['roles: [gateway]\n', 1, /roles: .*ledger/],
      ['chain:\n  kind: fancy\n', 2, /chain\.kind: expected one of embedded, evm/],
      ['chain:\n  kind: evm\n  rpc: [ftp://host]\n', 3, /chain\.rpc: expected http/],
      ['chain:\n  kind: evm\n  rpc: [http://localhost]\n  contracts: /no/such.yaml\n', 4, /chain\.contracts: .*cannot be read/],
      ['chain:\n  id: -1\n', 2, /chain\.id: expected a whole number/],
      ['gateway:\n  session_life: soon\n', 2, /gateway\.session_life: expected a duration/],
      ['gateway:\n  profile: anything\n', 2, /gateway\.profile: expected one of baseline, restricted/],
      ['gateway:\n\tlisten: x\n', 2, /./],
      ['gateway: [\n', 2, /./],
      ['- a list\n', 1, /./]
    ]) {
      writeFileSync(place.config, text)
      const said = refusedStart(place.config)
      assert.match(said, /\(bad_config\)/, text)
      assert.match(said, reason, text)
      assert.match(said, new RegExp(`${place.config}:${line}|line ${line}`), `${text}: ${said}`)
    }
    writeFileSync(place.config, `data: ${place.data}\ngateway:\n  fetch_allow: [10.0.0.0/64]\n`)
    assert.match(refusedStart(place.config), /gateway\.fetch_allow: .*\(bad_config\)/)
    assert.match(refusedStart(join(place.data, 'missing.yaml')), /missing\.yaml: cannot be read.*\(config_unreadable\)/)
  } finally {
    await place.sweep()
  }
})

test('an unreadable key file', async () => {
  const place = await Node.prepare()
  try {
    const key = join(place.data, 'key.json'), password = join(place.data, 'password')
    writeFileSync(password, 'right\n')
    const start = file => {
      place.gatewayLines = `  key_file: ${file}\n  key_password_file: ${password}`
      place.configure({ platformPort: 0, gatewayPort: 0 })
      return refusedStart(place.config)
    }
    assert.match(start(join(place.data, 'missing.json')), /gateway\.key_file .*missing\.json cannot be read.*\(key_unreadable\)/)
    mkdirSync(join(place.data, 'directory'))
    assert.match(start(join(place.data, 'directory')), /gateway\.key_file .*directory cannot be read.*\(key_unreadable\)/)
    writeFileSync(key, 'garbage')
    assert.match(start(key), /key\.json: .*\(bad_keystore\)/)
    assert.equal(place.run(['key', 'new', 'own', '--password-file', password]).code, 0)
    writeFileSync(password, 'wrong\n')
    assert.match(start(join(place.data, 'keys', 'own.json')), /own\.json: .*password.*\(wrong_password\)/)
  } finally {
    await place.sweep()
  }
})

test('after all of it the order runs and the owner is served', () => world.check())
