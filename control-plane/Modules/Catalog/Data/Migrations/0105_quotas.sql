-- What an organization holds of each quota. A mutation raises "used" in its own transaction by an update that does nothing where the
-- limit would be passed; the row's lock makes concurrent mutations of one organization take turns.
create table if not exists cloud.quota_usages (
    organization_id uuid not null,
    name            text not null,
    used            bigint not null default 0,
    limit_override  bigint,
    primary key (organization_id, name),
    check (used >= 0)
);
select cloud.protect_tenant_table('quota_usages');
