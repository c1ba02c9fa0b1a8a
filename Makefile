# Everything a user or a developer does here; each target says on the screen what it is doing.
# Runs as root, or as a user with sudo.

INVENTORY ?= inventories/lab
# Further arguments for pytest, such as PYTEST_ARGS='-k workloads -x'.
PYTEST_ARGS ?=
SCENARIO ?= default
# Further arguments for what starts a lab, such as LAB_ARGS='-e lab_timeout=1800' for a slow machine.
LAB_ARGS ?=

export LC_ALL := C.UTF-8
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
# An ordinary user's PATH lacks the directories where ip, bird and sysctl are.
export PATH := $(CURDIR)/.venv/bin:$(PATH):/usr/local/sbin:/usr/sbin:/sbin

# What runs the routers that a lab has beside its nodes.
FRR := frr frr-pythontools
# What runs virtual machines, and builds the image of their disks.
VM := qemu-system-x86 qemu-utils mmdebstrap debian-archive-keyring e2fsprogs openssh-client
AS_ROOT := tools/as_root.sh
PYTEST := python -m pytest $(PYTEST_ARGS)

.PHONY: help setup setup-dev setup-vm molecule lab lab-vm lab-down test test-fast test-vm lint bench bench-speed bench-scale links pins

help:
	@echo 'make lab        build the lab of INVENTORY=$(INVENTORY) and prove that every workload reaches every other'
	@echo 'make lab-vm     the same on three virtual machines (inventories/lab_vm); the first time, their image is built'
	@echo 'make lab-down   remove every trace of the lab of INVENTORY'
	@echo 'make test       everything that CI checks, on this machine and as root; 40 minutes on two cores without KVM'
	@echo 'make test-vm    of that, everything that takes virtual machines; 25 minutes without KVM'
	@echo 'make molecule   one of them, SCENARIO=$(SCENARIO); each has a folder in molecule/'
	@echo 'make test-fast  style, types, unit and golden tests; half a minute on two cores'
	@echo 'make lint       style, types, ansible-lint'
	@echo 'make bench      how fast, compared with other ways: bench-speed, then bench-scale (half an hour, 500 nodes)'
	@echo 'make links      refresh library/ after adding a module'
	@echo 'make pins       refresh requirements/constraints.txt after editing requirements'

setup:
	@tools/install_packages.sh bird2 iproute2 iputils-ping python3-venv
	@tools/make_venv.sh run

setup-dev:
	@tools/install_packages.sh bird2 $(FRR) $(VM) iproute2 iputils-ping nftables procps python3-venv git
	@tools/make_venv.sh dev

setup-vm:
	@tools/install_packages.sh $(VM)

lab: setup
	@if ansible-inventory -i $(INVENTORY) --graph lab_routers 2>/dev/null | grep -q -e --; then \
	  tools/install_packages.sh $(FRR); \
	fi
	@if ansible-inventory -i $(INVENTORY) --list 2>/dev/null | grep -q '"lab_backend": "qemu"'; then \
	  tools/install_packages.sh $(VM); \
	fi
	$(AS_ROOT) ansible-playbook -i $(INVENTORY) purel3.fabric.lab_up $(LAB_ARGS)
	$(AS_ROOT) ansible-playbook -i $(INVENTORY) site.yml

lab-vm:
	@$(MAKE) --no-print-directory lab INVENTORY=inventories/lab_vm

lab-down: setup
	$(AS_ROOT) ansible-playbook -i $(INVENTORY) purel3.fabric.lab_down

# Each test file goes to the next worker that is free; two keep two cores busy.
test: setup-dev
	$(AS_ROOT) $(PYTEST) -n 2

test-vm: setup-dev
	$(AS_ROOT) $(PYTEST) -m machines tests/vm tests/molecule

# As a user types it, but for the path of the environment.
molecule: setup
	$(AS_ROOT) molecule test -s $(SCENARIO)

test-fast: setup-dev
	$(PYTEST) -n 2 tests/quality/test_style.py tests/quality/test_layout.py tests/quality/test_shipped_rooms.py tests/unit tests/golden

lint: setup-dev
	$(PYTEST) tests/quality/test_style.py tests/quality/test_ansible_lint.py

bench: bench-speed bench-scale

bench-speed: setup-dev
	$(AS_ROOT) python bench/run.py

bench-scale: setup-dev
	$(AS_ROOT) python bench/run.py --scale

links:
	tools/link_modules.sh

pins:
	rm -rf .cache/pins
	python3 -m venv .cache/pins
	.cache/pins/bin/pip install -r requirements/dev.txt
	{ head -1 requirements/constraints.txt; .cache/pins/bin/pip freeze; } >.cache/constraints.txt
	mv .cache/constraints.txt requirements/constraints.txt
