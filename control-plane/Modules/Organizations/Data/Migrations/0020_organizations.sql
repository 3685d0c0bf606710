-- Organizations are the tenants; projects group their clusters; members and role bindings say who may do what.

create table cloud.organizations (
    id          uuid primary key,
    name        text        not null,
    is_personal boolean     not null default false,
    version     bigint      not null default 1,
    created_at  timestamptz not null,
    updated_at  timestamptz not null
);

create table cloud.projects (
    id              uuid primary key,
    organization_id uuid        not null references cloud.organizations on delete cascade,
    name            text        not null,
    version         bigint      not null default 1,
    created_at      timestamptz not null,
    updated_at      timestamptz not null,
    unique (organization_id, name)
);
create index projects_by_age on cloud.projects (organization_id, created_at, id);

create table cloud.members (
    organization_id uuid        not null references cloud.organizations on delete cascade,
    user_id         uuid        not null references cloud.users on delete cascade,
    created_at      timestamptz not null,
    primary key (organization_id, user_id)
);
create index members_by_user on cloud.members (user_id);

-- scope_id is the organization, project or cluster at which the role holds, and below.
create table cloud.role_bindings (
    id              uuid primary key,
    organization_id uuid        not null references cloud.organizations on delete cascade,
    principal_kind  text        not null check (principal_kind in ('user', 'apiKey')),
    principal_id    uuid        not null,
    role            text        not null,
    scope_kind      text        not null check (scope_kind in ('organization', 'project', 'cluster')),
    scope_id        uuid        not null,
    created_at      timestamptz not null,
    unique (organization_id, principal_id, scope_id, role)
);
create index role_bindings_by_principal on cloud.role_bindings (principal_id, organization_id);

create table cloud.api_keys (
    id              uuid primary key,
    organization_id uuid        not null references cloud.organizations on delete cascade,
    project_id      uuid references cloud.projects on delete cascade,
    name            text        not null,
    role            text        not null,
    secret_hash     bytea       not null,
    created_by      uuid        not null,
    version         bigint      not null default 1,
    created_at      timestamptz not null,
    expires_at      timestamptz,
    last_used_at    timestamptz
);
create index api_keys_by_age on cloud.api_keys (organization_id, created_at, id);

select cloud.protect_tenant_table('projects', 'project');
select cloud.protect_tenant_table('members');
select cloud.protect_tenant_table('role_bindings');
select cloud.protect_tenant_table('api_keys');

-- An organization is its own tenant. A person also sees the organizations of which they are a member, and their own memberships,
-- before they have entered any; what they may do there is decided after they have.
create policy own_memberships on cloud.members for select to cloud_app using (user_id = (select cloud.current_principal()));
alter table cloud.organizations enable row level security;
alter table cloud.organizations force row level security;
create policy owner on cloud.organizations to cloud_owner using (true) with check (true);
create policy worker on cloud.organizations to cloud_worker using (true) with check (true);
create policy app on cloud.organizations to cloud_app
    using (id = (select cloud.current_organization())) with check (id = (select cloud.current_organization()));
create policy own_memberships on cloud.organizations for select to cloud_app
    using (id in (select organization_id from cloud.members where user_id = (select cloud.current_principal())));
grant select, insert, update, delete on cloud.organizations to cloud_app, cloud_worker;
select cloud.track_table('organizations', 'organization');
