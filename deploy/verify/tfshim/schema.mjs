// node schema.mjs LIB RESOURCE,... > schema.json
//
// The schema of the google provider, in the shape of `terraform providers
// schema -json`, for the resources that are named (project-service) and data
// sources (data-google-project). The provider itself is on a registry only; the
// npm package @cdktf/provider-google carries, in code that was generated from
// it, the name, the type, the nesting and required, optional or computed of
// every attribute.
import fs from 'node:fs'
import path from 'node:path'

const [lib, wanted] = process.argv.slice(2)
const scalar = { String: 'string', Boolean: 'bool', Number: 'number' }
const stored = { string: 'string', number: 'number', boolean: 'bool' }

// Settable in name only: where the provider fills them in when they are left out.
const filledIn = ['id', 'project', 'region', 'zone', 'self_link', 'location']

// source is a resource's code; large ones keep their nested types in files beside.
function source (file) {
  const dir = path.join(path.dirname(file), 'index-structs')
  const more = fs.existsSync(dir) ? fs.readdirSync(dir).filter(f => f.endsWith('.js')).map(f => path.join(dir, f)) : []
  return [file, ...more].map(f => fs.readFileSync(f, 'utf8')).join('\n')
}

// storage reads how each attribute is written to HCL: block or not, and its type.
function storage (body) {
  const out = {}
  for (const m of body.matchAll(/^\s+(\w+): \{\n\s+value: [\s\S]*?\n\s+isBlock: (true|false),\n\s+type: "(\w+)",\n\s+storageClassType: "(\w+)"/gm)) {
    out[m[1]] = { isBlock: m[2] === 'true', type: m[3], storageClass: m[4] }
  }
  return out
}

function load (file) {
  const src = source(file)
  const classes = {}
  for (const m of src.matchAll(/^class (\w+) extends [\w.]+ \{\n([\s\S]*?)^\}/gm)) classes[m[1]] = m[2]
  const structs = {}
  for (const m of src.matchAll(/^function (\w+)ToHclTerraform\(struct\) \{\n([\s\S]*?)^\}/gm)) structs[m[1].toLowerCase()] = storage(m[2])

  // attributes of a class: from the comment above each getter; a getter without
  // one is optional if it can be reset, required if it can be set only.
  const attributes = (name, top) => {
    const body = classes[name]
    const base = top ? storage(body.slice(body.indexOf('synthesizeHclAttributes'))) : structs[name.replace(/OutputReference$/, '').toLowerCase()] || {}
    const out = {}
    for (const m of body.matchAll(/\/\/ (\w+) - computed: (true|false), optional: (true|false), required: (true|false)\n([\s\S]*?;)/g)) {
      out[m[1]] = { computed: m[2] === 'true', optional: m[3] === 'true', required: m[4] === 'true', code: m[5], ...base[m[1]] }
    }
    for (const m of body.matchAll(/get (\w+)\(\) \{\n\s+return ([^;]*?(?:Attribute|\.tolist)\([^;]*?['"](\w+)['"][^;]*;)/g)) {
      if (out[m[3]]) continue
      const settable = body.includes(`set ${m[1]}(value)`)
      const reset = body.includes(`reset${m[1][0].toUpperCase()}${m[1].slice(1)}()`)
      out[m[3]] = { computed: !settable || (filledIn.includes(m[3]) && reset), optional: reset, required: settable && !reset, code: m[2], ...base[m[3]] }
    }
    for (const key of Object.keys(base)) out[key] ??= { optional: true, code: '', ...base[key] }
    return out
  }

  // nested is the class that an attribute's getter makes, if it makes one of ours.
  const nested = code => {
    const m = code.match(/new (?:\w+\.)?(\w+?)(OutputReference|List|Map)\(this, "\w+"(?:, (true|false))?/)
    if (!m || m[1].startsWith('cdktf') || !classes[m[1] + 'OutputReference']) return null
    return { name: m[1] + 'OutputReference', one: m[2] === 'OutputReference', set: m[3] === 'true' }
  }

  const typeOf = a => {
    const of = nested(a.code)
    if (of) {
      const object = {}
      for (const [k, x] of Object.entries(attributes(of.name))) object[k] = typeOf(x)
      return [of.set ? 'set' : 'list', ['object', object]]
    }
    let m
    if ((m = a.code.match(/new cdktf\.(\w+?)Map\(/) || a.code.match(/get(String|Number|Boolean)MapAttribute/))) return ['map', scalar[m[1]] || 'string']
    if ((m = a.code.match(/new cdktf\.(\w+?)List\(/))) return ['list', scalar[m[1]] || 'string']
    if ((m = a.code.match(/get(Number|Boolean)?ListAttribute|getList(?:Attribute)/))) return [/tolist/.test(a.code) || a.type === 'set' ? 'set' : 'list', scalar[m[1]] || 'string']
    if ((m = a.code.match(/get(\w+?)Attribute/))) return scalar[m[1]] || 'string'
    if ((m = (a.storageClass || '').match(/^(string|number|boolean)(Map|List)?$/))) {
      if (!m[2]) return stored[m[1]]
      return [m[2] === 'Map' ? 'map' : a.type === 'set' ? 'set' : 'list', stored[m[1]]]
    }
    return 'string'
  }

  const block = (name, top) => {
    const out = { attributes: {}, block_types: {} }
    for (const [key, a] of Object.entries(attributes(name, top))) {
      const of = nested(a.code)
      if (a.isBlock && of) {
        const timeouts = key === 'timeouts'
        const mode = a.type === 'struct' ? (timeouts ? 'single' : 'list') : a.type === 'set' || of.set ? 'set' : 'list'
        out.block_types[key] = {
          nesting_mode: mode,
          block: block(of.name),
          ...(a.required ? { min_items: 1 } : {}),
          ...(of.one && !timeouts ? { max_items: 1 } : {})
        }
        continue
      }
      out.attributes[key] = { type: typeOf(a) }
      for (const flag of ['computed', 'optional', 'required']) if (a[flag]) out.attributes[key][flag] = true
    }
    return out
  }

  for (const name of Object.keys(classes)) {
    const type = src.match(new RegExp(`^${name}\\.tfResourceType = "(\\w+)"`, 'm'))
    if (type) return [type[1], { version: 0, block: block(name, true) }]
  }
  throw new Error(`${file}: no resource in it`)
}

const google = { resource_schemas: {}, data_source_schemas: {} }
google.provider = load(path.join(lib, 'provider', 'index.js'))[1]
delete google.provider.block.attributes.alias
for (const name of wanted.split(',')) {
  const [type, schema] = load(path.join(lib, name, 'index.js'))
  google[name.startsWith('data-') ? 'data_source_schemas' : 'resource_schemas'][type] = schema
}
console.log(JSON.stringify({ format_version: '1.0', provider_schemas: { 'registry.terraform.io/hashicorp/google': google } }))
