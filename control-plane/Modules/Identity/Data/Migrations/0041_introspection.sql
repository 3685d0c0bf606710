-- What a client may learn of a token: whether it lives, and whose it is, if that is a member or key of the client's organization.
create function cloud.introspect(token_hash bytea, client_id uuid) returns table (kind text, id uuid)
    language sql stable security definer set search_path = cloud, pg_temp as $$
    select t.principal_kind, t.principal_id
      from cloud.access_tokens t
      join cloud.api_keys client on client.id = client_id
      left join cloud.sessions s on s.id = t.session_id
     where t.hash = token_hash
       and t.expires_at > now()
       and (t.session_id is null or (s.revoked_at is null and s.expires_at > now()))
       and (exists (select from cloud.members m
                     where m.organization_id = client.organization_id and m.user_id = t.principal_id)
            or exists (select from cloud.api_keys k
                        where k.organization_id = client.organization_id and k.id = t.principal_id))
$$;
revoke all on function cloud.introspect(bytea, uuid) from public;
grant execute on function cloud.introspect(bytea, uuid) to cloud_app;

-- Authentication of an API key happens before any organization is known; the secret is compared by its hash.
create function cloud.authenticate_api_key(key_id uuid, hash bytea) returns boolean
    language sql security definer set search_path = cloud, pg_temp as $$
    with found as (
        update cloud.api_keys set last_used_at = now()
         where id = key_id and secret_hash = hash and (expires_at is null or expires_at > now())
        returning 1)
    select exists (select from found)
$$;
revoke all on function cloud.authenticate_api_key(uuid, bytea) from public;
grant execute on function cloud.authenticate_api_key(uuid, bytea) to cloud_app;
