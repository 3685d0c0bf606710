-- Tenancy, from the first table on.
--
-- Three roles: cloud_owner owns the schema, cloud_app serves requests, cloud_worker does background work. A transaction of
-- cloud_app names its organization in cloud.organization_id and sees that organization's rows alone; where it names none, tenant
-- tables look empty. cloud_worker sees all rows. Row-level security is forced, so that not even the owner escapes it by accident:
-- the owner has a policy of its own, which the few security definer functions rely on.

grant usage on schema cloud to cloud_app, cloud_worker;

create or replace function cloud.current_organization() returns uuid language sql stable parallel safe
    as $$ select nullif(current_setting('cloud.organization_id', true), '')::uuid $$;

create or replace function cloud.current_principal() returns uuid language sql stable parallel safe
    as $$ select nullif(current_setting('cloud.principal_id', true), '')::uuid $$;

-- Which organization, project and cluster a resource belongs to. Request routing looks here before it knows the organization;
-- only cloud.admit reads it, and only the triggers below write it.
create table if not exists cloud.resources (
    id              uuid primary key,
    kind            text not null,
    organization_id uuid not null,
    project_id      uuid,
    cluster_id      uuid
);
create index if not exists resources_by_project on cloud.resources (project_id, kind);
alter table cloud.resources enable row level security;
alter table cloud.resources force row level security;
drop policy if exists owner on cloud.resources;
create policy owner on cloud.resources to cloud_owner using (true) with check (true);

create or replace function cloud.track_resource() returns trigger
    language plpgsql security definer set search_path = cloud, pg_temp as $$
declare
    row_fields jsonb;
begin
    if tg_op = 'DELETE' then
        delete from cloud.resources where id = old.id;
        return old;
    end if;
    row_fields := to_jsonb(new);
    insert into cloud.resources (id, kind, organization_id, project_id, cluster_id)
    values (new.id, tg_argv[0],
            case when tg_argv[0] = 'organization' then new.id else (row_fields ->> 'organization_id')::uuid end,
            case when tg_argv[0] = 'project' then new.id else (row_fields ->> 'project_id')::uuid end,
            case when tg_argv[0] = 'cluster' then new.id else (row_fields ->> 'cluster_id')::uuid end);
    return new;
end $$;
revoke all on function cloud.track_resource() from public;

-- Protects a table that has an organization_id column. With a kind, rows (uuid primary key "id") are found by id in routes of the
-- form /v1/…/{kind}; their project_id and cluster_id columns, where they exist, say at which level role bindings reach them.
create or replace function cloud.protect_tenant_table(table_name text, kind text default null) returns void
    language plpgsql as $$
begin
    execute format('alter table cloud.%I enable row level security', table_name);
    execute format('alter table cloud.%I force row level security', table_name);
    execute format('drop policy if exists owner on cloud.%I', table_name);
    execute format('drop policy if exists app on cloud.%I', table_name);
    execute format('drop policy if exists worker on cloud.%I', table_name);
    execute format('create policy owner on cloud.%I to cloud_owner using (true) with check (true)', table_name);
    execute format('create policy app on cloud.%I to cloud_app '
        'using (organization_id = (select cloud.current_organization())) '
        'with check (organization_id = (select cloud.current_organization()))', table_name);
    execute format('create policy worker on cloud.%I to cloud_worker using (true) with check (true)', table_name);
    execute format('grant select, insert, update, delete on cloud.%I to cloud_app, cloud_worker', table_name);
    perform cloud.track_table(table_name, kind);
end $$;

create or replace function cloud.track_table(table_name text, kind text) returns void language plpgsql as $$
begin
    execute format('drop trigger if exists track_resource on cloud.%I', table_name);
    if kind is not null then
        execute format('create trigger track_resource after insert or delete on cloud.%I '
            'for each row execute function cloud.track_resource(%L)', table_name, kind);
    end if;
end $$;

-- Declares a table that belongs to no tenant, with the reason; the tenancy test refuses a table that is neither protected nor
-- declared. app_rights is a list of privileges for cloud_app, empty for none; cloud_worker gets all.
create or replace function cloud.declare_shared_table(table_name text, app_rights text, reason text) returns void
    language plpgsql as $$
begin
    execute format('comment on table cloud.%I is %L', table_name, 'shared: ' || reason);
    execute format('grant select, insert, update, delete on cloud.%I to cloud_worker', table_name);
    if app_rights <> '' then
        execute format('grant %s on cloud.%I to cloud_app', app_rights, table_name);
    end if;
end $$;

revoke all on function cloud.protect_tenant_table(text, text) from public;
revoke all on function cloud.track_table(text, text) from public;
revoke all on function cloud.declare_shared_table(text, text, text) from public;

select cloud.declare_shared_table('schema_migrations', 'select', 'which migrations were applied; says nothing of any tenant');
