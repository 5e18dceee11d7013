local found = redis.call('HMGET', KEYS[1], 'version', 'bytes', 'expires', 'order')
for place = 2, 4 do
  found[place + 3] = redis.call('ZSCORE', KEYS[place], ARGV[1])
end
found[8] = redis.call('ZSCORE', KEYS[5], ARGV[2] .. (found[4] or ''))
return found
