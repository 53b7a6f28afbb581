-- Reading manifest.json of a version folder: SQLite's JSON functions, on no table at all. Names of
-- members count in any case of letters and the last of several wins, as Go reads them.

-- :name version_manifest_is_object
SELECT CASE WHEN json_valid(:document) THEN json_type(:document) = 'object' ELSE 0 END

-- :name version_manifest_member
SELECT member.type, member.value FROM json_each(:document) AS member
 WHERE lower(member.key) = lower(:name) ORDER BY member.id DESC LIMIT 1

-- :name version_manifest_elements
SELECT element.type, element.value
  FROM (SELECT value FROM json_each(:document)
         WHERE lower(key) = lower(:name) AND type = 'array' ORDER BY id DESC LIMIT 1) AS member,
       json_each(member.value) AS element
