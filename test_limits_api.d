test_limits_api.o: test/feature/test_limits_api.c src/base/banned.h \
  test/feature/attack.h test/feature/world.h test/feature/../store.h \
  src/db/db.h src/base/arena.h src/base/mem.h src/base/err.h test/test.h \
  src/base/text.h test/feature/../test.h src/base/json.h src/base/buf.h \
  test/feature/sample.h src/web/route.h src/base/clock.h src/http/http.h \
  src/base/ip.h src/service/hashing.h src/service/setting.h \
  src/service/setting_list.h

src/base/banned.h:

test/feature/attack.h:

test/feature/world.h:

test/feature/../store.h:

src/db/db.h:

src/base/arena.h:

src/base/mem.h:

src/base/err.h:

test/test.h:

src/base/text.h:

test/feature/../test.h:

src/base/json.h:

src/base/buf.h:

test/feature/sample.h:

src/web/route.h:

src/base/clock.h:

src/http/http.h:

src/base/ip.h:

src/service/hashing.h:

src/service/setting.h:

src/service/setting_list.h:
