import type { Route } from '../route.ts'
import { adminRoutes } from './admin.ts'
import { artifactRoutes } from './artifacts.ts'
import { auditRoutes } from './audit.ts'
import { breakGlassRoutes } from './break-glass.ts'
import { erasureRoutes } from './erasures.ts'
import { exportRoutes } from './export.ts'
import { memoriesRoutes } from './memories.ts'
import { oneMemoryRoutes } from './one-memory.ts'
import { openRoutes } from './open.ts'
import { resourceRoutes } from './protected-resource.ts'
import { quarantineRoutes } from './quarantine.ts'
import { tokenRoutes } from './tokens.ts'

/** Every route. Those without a parameter stand before those with one: the first path that matches counts. */
export const routes: readonly Route[] = [
  ...openRoutes,
  ...resourceRoutes,
  ...memoriesRoutes,
  ...oneMemoryRoutes,
  ...exportRoutes,
  ...quarantineRoutes,
  ...tokenRoutes,
  ...artifactRoutes,
  ...erasureRoutes,
  ...auditRoutes,
  ...adminRoutes,
  ...breakGlassRoutes,
]
