-- owner: memkeep_upkeep_door
-- callers: memkeep_upkeep

-- Keeps a witness's signature of the deployment's head (of the log with the key p_vkey, at the size p_tick) beside every proof that is
-- held against that head. The first argument is the deployment's own tag. Needs the right `upkeep`. Outcomes: ok, denied. The signature is
-- the record of it.
create or replace function memkeep.note_cosigned(p_tenant bytea, p_token bytea, p_vkey text, p_tick bigint, p_witness text,
  p_lines text, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'note_cosigned');
begin
  outcome := case when c.rights & 16384 = 0 then 'denied' else 'ok' end;
  return next;
  if outcome <> 'ok' then
    perform memkeep.record(c, 'upkeep.sequence', outcome, '{}', 0, p_detail);
    return;
  end if;
  update memkeep.anchor a set witness = p_witness, cosigned = p_lines
    where a.tenant >= ''::bytea and a.vkey = p_vkey and a.tick = p_tick;
  perform set_config('memkeep.claims', '', true);
end $$;
