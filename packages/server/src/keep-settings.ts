import { type DisclosureBudget, type KeepOptions, MemkeepError, type Tools } from 'memkeep'

/** What every door of a deployment has alike: tools that are trusted more than any page, and what a principal may be shown. */
export interface KeepSettings {
  readonly tools?: Tools
  readonly disclosure?: DisclosureBudget
}

/** `name:trust`, or `name:trust/role+role` with the roles that may speak as it; with commas between. A name may hold colons. */
export function toolsIn(text: string): unknown {
  return Object.fromEntries(
    text.split(',').map((each) => {
      const at = each.lastIndexOf(':')
      const [trust, roles] = each.slice(at + 1).split('/', 2)
      const name = each.slice(0, Math.max(at, 0)).trim()
      return [
        name,
        roles === undefined
          ? trust!.trim()
          : { trust: trust!.trim(), roles: roles.split('+').map((role) => role.trim()) },
      ]
    }),
  )
}

/** `memories/seconds`, and after another slash roles that are not counted, with commas between. */
export function disclosureIn(text: string): unknown {
  const [memories, perSeconds, except, ...more] = text.split('/')
  const numbers = { memories: Number(memories), perSeconds: Number(perSeconds) }
  if (more.length > 0) return null
  return except === undefined ? numbers : { ...numbers, except: except.split(',').map((role) => role.trim()) }
}

export function keepOptions({ tools, disclosure }: KeepSettings): Pick<KeepOptions, 'tools' | 'limits'> {
  return {
    ...(tools === undefined ? {} : { tools }),
    ...(disclosure === undefined ? {} : { limits: { disclosure } }),
  }
}

/** From MEMKEEP_TOOLS and MEMKEEP_DISCLOSURE, for the doors that have no file of settings. The kernel judges them. */
export function keepSettingsOf(env: NodeJS.ProcessEnv): KeepSettings {
  const { MEMKEEP_TOOLS: tools = '', MEMKEEP_DISCLOSURE: disclosure = '' } = env
  const budget = disclosure === '' ? undefined : disclosureIn(disclosure)
  if (budget === null) throw new MemkeepError('ERR_INPUT_INVALID', 'MEMKEEP_DISCLOSURE must be memories/seconds/roles')
  return {
    ...(tools === '' ? {} : { tools: toolsIn(tools) as Tools }),
    ...(budget === undefined ? {} : { disclosure: budget as DisclosureBudget }),
  }
}

/** MEMKEEP_SUPPORT_SECOND_PERSON=1: support reads nothing before a second person has agreed. */
export const supportNeedsSecond = (env: NodeJS.ProcessEnv): boolean => isOn(env, 'MEMKEEP_SUPPORT_SECOND_PERSON')

/** MEMKEEP_CONNECTORS_ELSEWHERE=crm,search: connectors that the application was opened with. The kernel judges the names. */
export function connectorsElsewhere(env: NodeJS.ProcessEnv): string[] {
  const { MEMKEEP_CONNECTORS_ELSEWHERE: names = '' } = env
  return names === '' ? [] : names.split(',').map((name) => name.trim())
}

/** Throws `ERR_INPUT_INVALID` for what is neither 0 nor 1, by the variable's name. */
export function isOn(env: NodeJS.ProcessEnv, name: string): boolean {
  const said = env[name] ?? ''
  if (!['', '0', '1'].includes(said)) throw new MemkeepError('ERR_INPUT_INVALID', `${name} must be 0 or 1`)
  return said === '1'
}
