local found = redis.call('HMGET', KEYS[1], 'version', 'bytes', 'expires', 'order')
for place = 2, 5 do
  found[place + 3] = redis.call('ZSCORE', KEYS[place], ARGV[1])
end
found[9] = redis.call('ZSCORE', KEYS[6], ARGV[2] .. (found[4] or ''))
return found
