-- owner: memkeep_erase_door
-- callers: memkeep_app

-- The head of the erasure ledger that this database knows of, after p_head (null: none) was put there. The first argument is
-- the deployment's own tag. Needs the right `erasing`. Outcomes: ok, denied.
create or replace function memkeep.guard_head(p_tenant bytea, p_token bytea, p_head text, p_detail bytea)
returns table (outcome text, head text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'guard_head');
begin
  outcome := case when c.rights & 65536 = 0 then 'denied' else 'ok' end;
  if outcome = 'ok' and p_head is not null then
    insert into memkeep.erasure_guard as g (tenant, head) values (p_tenant, p_head)
      on conflict (tenant) do update set head = p_head;
  end if;
  if outcome = 'ok' then
    select g.head into guard_head.head from memkeep.erasure_guard g where g.tenant = p_tenant;
  end if;
  -- A look that changed nothing is no event.
  if outcome = 'ok' and p_head is null then
    perform set_config('memkeep.claims', '', true);
  else
    perform memkeep.record(c, 'erasure.guarded', outcome, '{}', 0, p_detail);
  end if;
  return next;
end $$;
