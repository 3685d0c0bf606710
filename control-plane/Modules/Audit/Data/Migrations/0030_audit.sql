-- The audit log. The application writes through two functions and may only read the rows of its organization: what is recorded
-- can be neither changed nor removed by it.
create table cloud.audit_events (
    id              uuid primary key,
    organization_id uuid,
    principal_kind  text        not null,
    principal_id    uuid        not null,
    action          text        not null,
    target          text        not null,
    request_id      text        not null,
    address         text,
    created_at      timestamptz not null default now(),
    outcome         text,
    status          integer,
    ended_at        timestamptz
);
create index audit_events_by_age on cloud.audit_events (organization_id, created_at, id);

select cloud.protect_tenant_table('audit_events');
revoke insert, update, delete on cloud.audit_events from cloud_app;

create function cloud.begin_audit(
    id uuid, organization_id uuid, principal_kind text, principal_id uuid, action text, target text, request_id text, address text)
    returns void language sql security definer set search_path = cloud, pg_temp
    as $$ insert into cloud.audit_events (id, organization_id, principal_kind, principal_id, action, target, request_id, address)
          values ($1, $2, $3, $4, $5, $6, $7, $8) $$;

-- The outcome is written once. A call that made an organization belongs to it from here on.
create function cloud.end_audit(event_id uuid, event_outcome text, event_status integer)
    returns void language sql security definer set search_path = cloud, pg_temp
    as $$ update cloud.audit_events
          set outcome = event_outcome, status = event_status, ended_at = clock_timestamp(),
              organization_id = coalesce(organization_id, cloud.current_organization())
          where id = event_id and outcome is null $$;

revoke all on function cloud.begin_audit(uuid, uuid, text, uuid, text, text, text, text) from public;
revoke all on function cloud.end_audit(uuid, text, integer) from public;
grant execute on function cloud.begin_audit(uuid, uuid, text, uuid, text, text, text, text) to cloud_app;
grant execute on function cloud.end_audit(uuid, text, integer) to cloud_app;
