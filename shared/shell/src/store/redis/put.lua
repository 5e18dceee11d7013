-- Writes a value over the version that was read, or over absence, and with it its agenda entry and
-- its catalogue entry.
--
-- KEYS: the value; the agendas `due`, `dead`, `sweep` and `usage`, in that order; the catalogue.
-- ARGV: 1 the version that was read, or ''; 2 now; 3 the new version; 4 its bytes; 5 when it
--       expires, or ''; 6 how many milliseconds it stays in memory, or ''; 7 which of KEYS is its
--       agenda, or ''; 8 when it is due there; 9 its entry there; 10 the score of its catalogue
--       entry, or ''; 11 how that entry begins; 12 how it ends.
-- Answers 1 if it wrote the value. Otherwise answers 0, and the version and bytes of the current
-- value if there is one.
local found = redis.call('HMGET', KEYS[1], 'version', 'expires', 'order')
local exists = found[1] and (found[2] == '' or tonumber(ARGV[2]) < tonumber(found[2]))
if (exists and found[1] or '') ~= ARGV[1] then
  if exists then
    return {0, found[1], redis.call('HGET', KEYS[1], 'bytes')}
  end
  return {0}
end
-- Redis does not undo a script that fails. So the command that fails without memory comes first.
redis.call('HSET', KEYS[1], 'version', ARGV[3], 'bytes', ARGV[4], 'expires', ARGV[5], 'order', ARGV[12])
if ARGV[6] == '' then
  redis.call('PERSIST', KEYS[1])
else
  redis.call('PEXPIRE', KEYS[1], ARGV[6])
end
for place = 2, 5 do
  if ARGV[7] == tostring(place) then
    redis.call('ZADD', KEYS[place], ARGV[8], ARGV[9])
  else
    redis.call('ZREM', KEYS[place], ARGV[9])
  end
end
-- The old entry is another member if it ends with another order.
local old = ARGV[11] .. (found[3] or '')
local new = ARGV[11] .. ARGV[12]
if ARGV[10] == '' or old ~= new then
  redis.call('ZREM', KEYS[6], old)
end
if ARGV[10] ~= '' then
  redis.call('ZADD', KEYS[6], ARGV[10], new)
end
return {1}
