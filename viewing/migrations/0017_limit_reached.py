"""The function that heartbeats call when a day's time is used up (viewing/heartbeats/sql.py).

It writes the event `limit.reached` and returns the heartbeat's verdict. As a function it costs only the heartbeat that
crosses: as one more part of the statement it cost every heartbeat 5 to 7 %.
"""

from django.db import migrations

CREATE = """
CREATE OR REPLACE FUNCTION viewing_limit_reached(
    of_profile_id uuid, at timestamptz, day date, limit_seconds int, cap_seconds int, granted_seconds int,
    used_seconds int
) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    INSERT INTO viewing_outboxevent (event_id, type, family_id, profile_id, data, actor, occurred_at)
    SELECT
        gen_random_uuid(), 'limit.reached', profile.user_id, profile.id,
        jsonb_build_object(
            'day', $3, 'limit_seconds', least($4, $5),
            'limited_by', CASE WHEN $5 < coalesce($4, 2147483647) THEN 'week_limit' ELSE 'day_limit' END,
            'granted_seconds', $6, 'used_seconds', $7),
        '{"kind": "system", "id": null}', $2
    FROM viewing_profile profile WHERE profile.id = $1;
    RETURN 'counted';
END
$$
"""
DROP = "DROP FUNCTION IF EXISTS viewing_limit_reached(uuid, timestamptz, date, int, int, int, int)"


class Migration(migrations.Migration):
    dependencies = [("viewing", "0016_title_indexes")]

    operations = [migrations.RunSQL(sql=CREATE, reverse_sql=DROP)]
