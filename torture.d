torture.o: test/feature/torture.c src/base/banned.h test/feature/sample.h \
  src/web/route.h src/base/clock.h src/base/arena.h src/base/mem.h \
  src/base/err.h src/http/http.h src/base/ip.h test/feature/world.h \
  test/feature/../store.h src/db/db.h test/test.h src/base/text.h \
  test/feature/../test.h src/base/json.h src/base/buf.h src/db/fault.h \
  src/service/audit.h src/service/audit_list.h src/service/setting.h \
  src/service/setting_list.h

src/base/banned.h:

test/feature/sample.h:

src/web/route.h:

src/base/clock.h:

src/base/arena.h:

src/base/mem.h:

src/base/err.h:

src/http/http.h:

src/base/ip.h:

test/feature/world.h:

test/feature/../store.h:

src/db/db.h:

test/test.h:

src/base/text.h:

test/feature/../test.h:

src/base/json.h:

src/base/buf.h:

src/db/fault.h:

src/service/audit.h:

src/service/audit_list.h:

src/service/setting.h:

src/service/setting_list.h:
