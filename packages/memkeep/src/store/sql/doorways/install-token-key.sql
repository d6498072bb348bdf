-- owner: memkeep_seal
-- callers: memkeep_upkeep

-- Installs the pads of one token key and drops those whose time has passed. An installed key is never replaced: the same id
-- with other pads is refused with MK005. A key is
-- good for its hour and some minutes to either side, and comes a day ahead: any that would be good for longer than 80
-- minutes, or from more than 26 hours ahead, is refused with MK006. A doorway without a tenant: no token can be checked before it has run.
create or replace function memkeep.install_token_key(p_id integer, p_ipad bytea, p_opad bytea, p_from_ms bigint,
  p_until_ms bigint) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare now_ms bigint := extract(epoch from clock_timestamp()) * 1000;
begin
  if (p_until_ms - p_from_ms between 1 and 80 * 60000 and p_from_ms <= now_ms + 26 * 3600000) is not true then
    raise exception 'no window of a token key' using errcode = 'MK006';
  end if;
  delete from memkeep.token_key where until_ms < now_ms;
  insert into memkeep.token_key (id, ipad, opad, from_ms, until_ms) values (p_id, p_ipad, p_opad, p_from_ms, p_until_ms)
    on conflict (id) do nothing;
  perform 1 from memkeep.token_key where id = p_id and ipad = p_ipad and opad = p_opad;
  if not found and p_until_ms >= now_ms then
    raise exception 'another token key stands under this id' using errcode = 'MK005';
  end if;
end $$;
