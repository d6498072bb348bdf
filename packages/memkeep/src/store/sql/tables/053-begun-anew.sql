-- owner: memkeep_owner
-- callers: none

-- The few events with which a tenant or subject began anew after an erasure: each look into the ledger asks for the newest
-- (guards/09-log.sql), and administrative events stay for ever.
do $$ begin
  for period in 0 .. 15 loop
    execute format('create index %1$s_begun on memkeep.%1$s (tenant) where action in (''scope.reopen'', ''erasure.expired'')',
      'event_admin_' || to_char(period, 'FM00'));
  end loop;
end $$;
