-- Who calls, in which organization, and with which roles: one round trip at the head of every request.
--
-- No row: the token is unknown, expired, or its session has ended. A row without organization: no resource was named, there is no
-- such resource, or the caller is no member of its organization, and the three must look alike. Otherwise the transaction has
-- entered the organization when the function returns.
create function cloud.admit(token_hash bytea, resource_kind text, resource_id uuid)
    returns table (
        principal_kind text, principal_id uuid, session_id uuid, is_operator boolean,
        organization_id uuid, project_id uuid, cluster_id uuid, grants text)
    language plpgsql security definer set search_path = cloud, pg_temp as $$
declare
    found_resource cloud.resources%rowtype;
    is_member      boolean;
begin
    select t.principal_kind, t.principal_id, t.session_id, coalesce(u.is_operator, false)
      into principal_kind, principal_id, session_id, is_operator
      from cloud.access_tokens t
      left join cloud.sessions s on s.id = t.session_id
      left join cloud.users u on t.principal_kind = 'user' and u.id = t.principal_id
      left join cloud.api_keys k on t.principal_kind = 'apiKey' and k.id = t.principal_id
     where t.hash = token_hash
       and t.expires_at > now()
       and case t.principal_kind
               when 'user' then u.id is not null and s.revoked_at is null and s.expires_at > now()
               else k.id is not null and (k.expires_at is null or k.expires_at > now())
           end;
    if not found then
        return;
    end if;
    perform set_config('cloud.principal_id', principal_id::text, true);

    if resource_id is not null then
        select * into found_resource from cloud.resources r
         where r.id = resource_id and (resource_kind is null or r.kind = resource_kind);
        if found then
            is_member := case principal_kind
                when 'user' then exists (
                    select from cloud.members m
                     where m.organization_id = found_resource.organization_id and m.user_id = admit.principal_id)
                else exists (
                    select from cloud.api_keys k
                     where k.id = admit.principal_id and k.organization_id = found_resource.organization_id)
            end;
            if is_member then
                organization_id := found_resource.organization_id;
                project_id := found_resource.project_id;
                cluster_id := found_resource.cluster_id;
                perform set_config('cloud.organization_id', organization_id::text, true);
            end if;
        end if;
    end if;

    select coalesce(json_agg(json_build_object('role', b.role, 'scopeId', b.scope_id)), '[]')::text
      into grants
      from cloud.role_bindings b
     where b.principal_id = admit.principal_id and b.organization_id = admit.organization_id;
    return next;
end $$;
revoke all on function cloud.admit(bytea, text, uuid) from public;
grant execute on function cloud.admit(bytea, text, uuid) to cloud_app;
