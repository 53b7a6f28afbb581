-- Reading the JSON lines of `applier rehearse`: SQLite's JSON functions, on no table at all.

-- :name report_line_is_object
SELECT CASE WHEN json_valid(:line) THEN json_type(:line) = 'object' ELSE 0 END

-- :name report_member
SELECT json_type(:line, :path), json_extract(:line, :path)

-- :name report_elements
SELECT element.type, element.value FROM json_each(:line, :path) AS element
