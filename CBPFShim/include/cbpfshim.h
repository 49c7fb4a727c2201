// All of libbpf, ethtool's and rtnetlink's calls that Swift sees.
#pragma once

#include "endpoint_layout.h"
#include "endpoint_link.h"
#include "endpoint_program.h"
#include "endpoint_route.h"
