import { openGpu } from "@ama-sam/dawn";
import { provideDevice } from "@ama-sam/testing";

provideDevice(() => openGpu());
