--! Previous: sha1:01adb3b61cb2397d531f035d656d4675eadc3407
--! Hash: sha1:aa9634eb1df89438c9994f1919a458c557218d93

--! no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS ship_name ON ship (name)
