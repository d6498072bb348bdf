-- owner: memkeep_wide_door
-- callers: memkeep_app memkeep_upkeep

-- The heads of a tenant's logs, newest line first, each with the newest proof that the deployment's log committed to one of it. Needs the right `audit`; the reach matters for every subject alone, for a
-- head says how much was logged and nothing of it. One more row brings the outcome (ok, denied, barred, epoch,
-- policy, unknown).
-- An earlier build's answer had other columns, which a function that is only replaced cannot change.
drop function if exists memkeep.read_head(bytea, bytea, bytea);
create or replace function memkeep.read_head(p_tenant bytea, p_token bytea, p_detail bytea)
returns table (outcome text, line integer, size bigint, min_index bigint, signed_ms bigint, note text, vkey text,
  anchor_size bigint, anchor_vkey text, anchor_proof text, anchor_head text, anchor_witness text, anchor_cosigned text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'read_head');
  number integer := 0;
begin
  outcome := memkeep.admit_auditor(c);
  return next;
  if outcome = 'ok' then
    return query select null::text, l.line, l.size, l.min_index, l.signed_ms, l.note, l.vkey, a.size, a.vkey, a.proof, a.head,
      a.witness, a.cosigned
      from memkeep.log l left join memkeep.anchor a on a.tenant = l.tenant and a.line = l.line
      where l.tenant = p_tenant order by l.line desc;
    get diagnostics number = row_count;
  end if;
  -- Whoever keeps the log reads its hashes all the time, and each event would be one more to read.
  if c.rights & 16384 <> 0 and outcome = 'ok' then
    perform set_config('memkeep.claims', '', true);
  else
    perform memkeep.record(c, case when c.rights & 8388608 = 0 then 'audit.checkpoint' else 'ledger.checkpoint' end, outcome, '{}', number, p_detail);
  end if;
end $$;
