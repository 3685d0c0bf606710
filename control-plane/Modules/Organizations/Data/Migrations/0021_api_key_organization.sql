-- The organization of the API key that calls; nobody else's.
create function cloud.organization_of_caller(key_id uuid) returns uuid
    language sql stable security definer set search_path = cloud, pg_temp as $$
    select organization_id from cloud.api_keys where id = key_id and id = cloud.current_principal()
$$;
revoke all on function cloud.organization_of_caller(uuid) from public;
grant execute on function cloud.organization_of_caller(uuid) to cloud_app;
