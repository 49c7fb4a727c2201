// All of libbpf, ethtool's and rtnetlink's calls that Swift sees.
#pragma once

#include "endpoint_layout.h"
#include "shim_link.h"
#include "shim_program.h"
#include "shim_route.h"
