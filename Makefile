# The only menu: people and CI use these targets and nothing else.
SHELL := /bin/sh
.DEFAULT_GOAL := help
BUN := .rushes/tools/node_modules/.bin/bun
SUITES := unit integration contract e2e edge gpu infra faults chaos load

.PHONY: help dev up down logs status test check migrate openapi bench clean $(SUITES)

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

dev: ## install what is missing and run everything here; Ctrl-C stops it
	@sh dev/bootstrap.sh dev && exec $(BUN) dev/dev.ts run

up: ## the same in the background
	@sh dev/bootstrap.sh dev && exec $(BUN) dev/dev.ts up

down: ## stop what make dev or make up started
	@[ ! -x $(BUN) ] || exec $(BUN) dev/dev.ts down

status: ## show what runs
	@[ ! -x $(BUN) ] || exec $(BUN) dev/dev.ts status

logs: ## follow the logs of make dev
	@exec tail -n 20 -F .rushes/dev/log/*.log

test: ## all suites, from nothing
	@sh dev/bootstrap.sh test && exec $(BUN) dev/test.ts

check: ## types, lint and format
	@sh dev/bootstrap.sh tools && exec $(BUN) dev/test.ts check

unit: ## pure rules, in seconds
	@sh dev/bootstrap.sh tools && exec $(BUN) dev/test.ts unit

integration: ## each function through its app, on the local servers
contract: ## one suite per port, run by every adapter
edge: ## the signed edge, attacked
gpu: ## the preview worker; an absent GPU is reported as skipped
e2e: ## the whole path in a real browser; QUEUE=sqs runs it on SQS
infra: ## the cloud stacks, evaluated
chaos: ## one fault per file, then a soak; CHAOS_SEED repeats one, CHAOS_MINUTES=10 makes it long
faults: ## the faults that take seconds, as make test runs them
load: ## thresholds under load
integration contract e2e edge gpu infra faults chaos load:
	@sh dev/bootstrap.sh test && exec $(BUN) dev/test.ts $@

bench: ## figures against their targets; ONLY=group runs one group
	@sh dev/bootstrap.sh test && exec $(BUN) dev/bench.ts $(ONLY)

migrate: ## apply migrations to POSTGRES_URL, or to the local database
	@sh dev/bootstrap.sh dev && exec $(BUN) dev/migrate.ts

openapi: ## write openapi.json and the site's client types
	@sh dev/bootstrap.sh tools && exec $(BUN) dev/openapi.ts

clean: ## stop everything and delete the local data of this clone
	@[ ! -x $(BUN) ] || exec $(BUN) dev/clean.ts
