/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every answer of the API that any test in a world gets is compared with what /openapi.json says of
 * it: status, members, types. So the description cannot be wrong where a test goes.
 */
#pragma once

#include "world.h"

/* Fails the test when the answer to "GET /v1/...?..." is not as described. */
void conform_check(const char *method, const char *target, const struct reply *r);
