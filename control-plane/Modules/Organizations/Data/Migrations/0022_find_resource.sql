-- What kind of resource an id of the entered organization is; nothing of any other organization.
create function cloud.find_resource(resource_id uuid) returns table (kind text, project_id uuid, cluster_id uuid)
    language sql stable security definer set search_path = cloud, pg_temp as $$
    select r.kind, r.project_id, r.cluster_id
      from cloud.resources r
     where r.id = resource_id and r.organization_id = cloud.current_organization()
$$;
revoke all on function cloud.find_resource(uuid) from public;
grant execute on function cloud.find_resource(uuid) to cloud_app, cloud_worker;
