world.o: test/feature/world.c src/base/banned.h test/feature/world.h \
  test/feature/../store.h src/db/db.h src/base/arena.h src/base/mem.h \
  src/base/err.h test/test.h src/base/text.h test/feature/../test.h \
  src/base/json.h src/base/buf.h src/account/access_token.h \
  src/account/session.h src/base/ip.h src/account/session_cache.h \
  src/app.h src/command/console.h src/base/clock.h src/base/log.h \
  src/db/fault.h src/db/migrate.h src/base/asset.h src/http/http.h \
  src/service/job.h src/service/limit.h src/service/outbox.h \
  src/service/setting.h src/service/setting_list.h src/web/web.h \
  src/web/route.h

src/base/banned.h:

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

src/account/access_token.h:

src/account/session.h:

src/base/ip.h:

src/account/session_cache.h:

src/app.h:

src/command/console.h:

src/base/clock.h:

src/base/log.h:

src/db/fault.h:

src/db/migrate.h:

src/base/asset.h:

src/http/http.h:

src/service/job.h:

src/service/limit.h:

src/service/outbox.h:

src/service/setting.h:

src/service/setting_list.h:

src/web/web.h:

src/web/route.h:
